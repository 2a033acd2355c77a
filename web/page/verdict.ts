/** What is said of a picture: by the rule that the model carries, or by the user's threshold. */
import type { Entry } from './picture_queue.js';

type Report = NonNullable<Entry['report']>;

/** The threshold of every rule, on the scale of its decisions. */
const USUAL = 0.5;

export interface Threshold {
  /** 0 to 1. */
  readonly value: number;
  /** Whether the user set it. */
  readonly own: boolean;
}

export const USUAL_THRESHOLD: Threshold = { value: USUAL, own: false };

/** The score that the threshold applies to: 0 like good pictures, 0.5 the threshold of the rule, 1 like faulty ones. */
export const scoreOf = ({ decision }: Report): number => decision.score;

export function isFaulty(report: Report, { value, own }: Threshold): boolean {
  return own ? scoreOf(report) >= value : report.decision.anomalous;
}
