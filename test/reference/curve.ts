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

/** Regions of touching pixels by flood fill, each as the indices of its pixels. */
export function regionsReference(mask: ArrayLike<number>, width: number): number[][] {
  const seen = new Set<number>();
  const regions: number[][] = [];
  for (let first = 0; first < mask.length; first++) {
    if (mask[first] === 0 || seen.has(first)) continue;
    const region = [first];
    seen.add(first);
    for (const i of region) {
      for (let j = 0; j < mask.length; j++) {
        const apart = Math.max(
          Math.abs((i % width) - (j % width)),
          Math.abs(Math.floor(i / width) - Math.floor(j / width)),
        );
        if (apart > 1 || mask[j] === 0 || seen.has(j)) continue;
        seen.add(j);
        region.push(j);
      }
    }
    regions.push(region);
  }
  return regions;
}

/**
 * Area under per-region overlap from the definition: both rates at every distinct score, straight lines between them, and
 * the trapezoid rule on a curve that is cut at the limit.
 * @param images maps and masks of `width` columns
 */
export function auproReference(
  images: readonly { readonly map: ArrayLike<number>; readonly mask: ArrayLike<number> }[],
  width: number,
  limit: number,
): number {
  const regions = images.flatMap(({ map, mask }) =>
    regionsReference(mask, width).map((region) => region.map((i) => map[i]!)),
  );
  const normal = images.flatMap(({ map, mask }) => Array.from(map).filter((_, i) => mask[i] === 0));
  const share = (scores: readonly number[], threshold: number) =>
    scores.filter((s) => s >= threshold).length / scores.length;
  const distinct = [...new Set([...normal, ...regions.flat()])].sort((a, b) => b - a);
  const points = distinct.map((threshold) => ({
    x: share(normal, threshold),
    y: regions.reduce((sum, region) => sum + share(region, threshold), 0) / regions.length,
  }));
  let area = 0;
  let previous = { x: 0, y: 0 };
  for (const point of points) {
    if (previous.x >= limit) break;
    const x = Math.min(point.x, limit);
    const part = point.x > previous.x ? (x - previous.x) / (point.x - previous.x) : 1;
    const y = previous.y + part * (point.y - previous.y);
    area += ((x - previous.x) * (previous.y + y)) / 2;
    previous = x < point.x ? { x, y } : point;
  }
  return area / limit;
}
