/** The threshold with the highest F1 score, from the scores of good and faulty pictures. */

export interface F1Threshold {
  /** A picture with this score or more is called faulty: halfway between the scores on both sides of it. */
  readonly threshold: number;
  readonly f1: number;
  /** Good pictures that are called faulty, and faulty ones that are called good. */
  readonly falseAlarms: number;
  readonly missed: number;
}

/**
 * F1 = 2 TP / (2 TP + FP + FN). Of equal ones the highest threshold is taken, with the fewest false alarms.
 * @param bad at least one score
 */
export function f1Threshold(good: readonly number[], bad: readonly number[]): F1Threshold {
  if (bad.length === 0) throw new Error('threshold: expected scores of faulty pictures, got none');
  const scores = [...new Set([...good, ...bad])].sort((a, b) => b - a);
  if (!scores.every(Number.isFinite)) throw new Error('threshold: expected finite scores, got one that is not');
  let best: F1Threshold | undefined;
  for (const [i, score] of scores.entries()) {
    const falseAlarms = good.filter((v) => v >= score).length;
    const missed = bad.filter((v) => v < score).length;
    const found = bad.length - missed;
    const f1 = (2 * found) / (2 * found + falseAlarms + missed);
    const below = scores[i + 1];
    const threshold = below === undefined ? score : (score + below) / 2;
    if (!best || f1 > best.f1) best = { threshold, f1, falseAlarms, missed };
  }
  return best!;
}
