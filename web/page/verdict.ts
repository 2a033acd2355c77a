/** What is said of a picture: by the rule that the model carries, or by the user's threshold. */
import type { Entry } from './picture_queue.js';

type Report = NonNullable<Entry['report']>;

/** Where nothing else chose it. */
const PRESET = 0.5;

export interface Threshold {
  /** 0 to 1. */
  readonly value: number;
  /** Whether the user set it. */
  readonly own: boolean;
}

export const PRESET_THRESHOLD: Threshold = { value: PRESET, own: false };

/** The score that the threshold applies to, 0 to 1. */
export const scoreOf = ({ decision, score }: Report): number => decision?.score ?? score;

export function isFaulty(report: Report, { value, own }: Threshold): boolean {
  if (report.decision && !own) return report.decision.anomalous;
  return scoreOf(report) >= value;
}
