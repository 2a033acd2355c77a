/** AUROC, average precision and best F1 from their definitions: every pair, every threshold, sums as exact fractions. */

/** Share of (abnormal, normal) pairs that the scores order rightly, ties counting half. */
export function aurocReference(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  let twice = 0;
  let pairs = 0;
  for (let i = 0; i < scores.length; i++) {
    for (let j = 0; j < scores.length; j++) {
      if (!labels[i] || labels[j]) continue;
      pairs++;
      twice += scores[i]! > scores[j]! ? 2 : scores[i] === scores[j] ? 1 : 0;
    }
  }
  return twice / (2 * pairs);
}

const gcd = (a: bigint, b: bigint): bigint => (b === 0n ? a : gcd(b, a % b));

/** Counts of abnormal and of all samples at or above each distinct score, from the highest down. */
function thresholds(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
): { score: number; tp: number; all: number }[] {
  const distinct = [...new Set(Array.from(scores))].sort((a, b) => b - a);
  return distinct.map((score) => {
    let [tp, all] = [0, 0];
    for (let i = 0; i < scores.length; i++) {
      if (scores[i]! < score) continue;
      all++;
      if (labels[i]) tp++;
    }
    return { score, tp, all };
  });
}

/** Sum over falling thresholds of (R_n - R_{n-1}) P_n. */
export function averagePrecisionReference(scores: ArrayLike<number>, labels: ArrayLike<number>): number {
  const points = thresholds(scores, labels);
  const positives = points.at(-1)!.tp;
  let [top, bottom] = [0n, 1n];
  points.forEach(({ tp, all }, i) => {
    const step = BigInt(tp - (points[i - 1]?.tp ?? 0));
    const below = BigInt(positives) * BigInt(all);
    top = top * below + step * BigInt(tp) * bottom;
    bottom *= below;
    const common = gcd(top, bottom);
    if (common > 1n) [top, bottom] = [top / common, bottom / common];
  });
  // Eighteen digits are more than a double holds.
  return Number((top * 10n ** 18n) / bottom) / 1e18;
}

export function bestF1Reference(
  scores: ArrayLike<number>,
  labels: ArrayLike<number>,
): { f1: number; threshold: number } {
  const points = thresholds(scores, labels);
  const positives = points.at(-1)!.tp;
  let best = { f1: -1, threshold: Number.NaN };
  for (const { score, tp, all } of points) {
    const f1 = (2 * tp) / (all + positives);
    if (tp > 0 && f1 > best.f1) best = { f1, threshold: score };
  }
  return best;
}
