/** The scale and threshold of a class, from the peaks of its pictures. */
import type { CalibrationRule } from '../detect/calibration.js';
import { AaclipError } from '../detect/errors.js';
import { meanAndDeviation } from '../detect/evidence.js';
import type { ScoreScale } from '../detect/score_scale.js';
import { f1Threshold } from '../eval/f1_threshold.js';
import { goodThreshold } from '../eval/good_threshold.js';

/** A picture and the peak of its evidence. */
export interface JudgedPicture {
  readonly name: string;
  readonly value: number;
}

export interface Chosen {
  readonly threshold: number;
  readonly rule: CalibrationRule;
}

const LEAST_GOOD = 3;

/** @throws AaclipError `options` when there are too few good pictures to say how they vary */
export function checkEnough(className: string, good: number): void {
  if (good >= LEAST_GOOD) return;
  throw new AaclipError(
    'options',
    `calibrate: expected at least ${LEAST_GOOD} good pictures of ${className}, got ${good}: 8 are a start, 40 and more are better`,
  );
}

const valuesOf = (pictures: readonly JudgedPicture[]): number[] => pictures.map(({ value }) => value);

export function byFalseAlarms(good: readonly JudgedPicture[], rate: number, confidence: number): Chosen {
  const { threshold, wanted, kept, expected, interval } = goodThreshold(valuesOf(good), rate, confidence);
  return { threshold, rule: { kind: 'false_alarms', wanted, kept, expected, interval, confidence } };
}

export function byF1(good: readonly JudgedPicture[], bad: readonly JudgedPicture[]): Chosen {
  const { threshold, ...figures } = f1Threshold(valuesOf(good), valuesOf(bad));
  return { threshold, rule: { kind: 'f1_max', ...figures } };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}

export function scaleOf(good: readonly JudgedPicture[], bad: readonly JudgedPicture[], threshold: number): ScoreScale {
  const from = median(valuesOf(good));
  const beyond = 2 * threshold - from;
  const to = bad.length > 0 ? median(valuesOf(bad)) : beyond;
  return { good: from, threshold, faulty: to > threshold ? to : beyond };
}

/**
 * How far beyond the others a picture must be to stand out: in deviations of theirs, and in those of all. Good pictures that differ much
 * among themselves are named now and then, too: it is a reason to look, no more.
 */
const FAR = 4;
const LEAST_GAP = 0.25;

/** The good picture with the highest peak, where it is far from all others. */
export function standsOut(good: readonly JudgedPicture[]): JudgedPicture | undefined {
  const sorted = [...good].sort((a, b) => a.value - b.value);
  const last = sorted.at(-1)!;
  const { mean, deviation } = meanAndDeviation(valuesOf(sorted.slice(0, -1)));
  const gap = last.value - sorted.at(-2)!.value;
  return gap > LEAST_GAP && last.value - mean > FAR * deviation ? last : undefined;
}
