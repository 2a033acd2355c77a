/**
 * AUROC, average precision and the best F1 of labelled scores, as scikit-learn defines them, and the area under the curve
 * of per-region overlap. The operating points are the distinct scores, so tied samples are decided together.
 */
import type { CurveRecorder } from './curve_points.js';
import type { ScoreCount, ScoreWalk } from './score_walk.js';
import { SortedScores } from './sorted_scores.js';

export interface BestF1 {
  /** Largest F1 over all thresholds, 0 to 1. */
  readonly f1: number;
  /** Scores at or above it count as abnormal; the highest threshold where several are equally good. */
  readonly threshold: number;
}

export interface CurveFigures {
  /** Area under the ROC curve by the trapezoid rule; undefined where only one label occurs. */
  readonly auroc: number | undefined;
  /** Sum of (R_n - R_{n-1}) P_n over falling thresholds; undefined where no sample is abnormal. */
  readonly averagePrecision: number | undefined;
  /** Undefined where no sample is abnormal. */
  readonly bestF1: BestF1 | undefined;
  /** See `OverlapArea`; undefined where no limit was given, or only one label occurs. */
  readonly aupro: number | undefined;
}

/** What the per-region overlap needs beside scores and labels. */
export interface OverlapOptions {
  /** Connected regions of all masks together. */
  readonly regions: number;
  /** The false-positive rate at which the curve ends: 0.3 in the papers, 0.05 for MVTec AD 2. */
  readonly limit: number;
}

/**
 * The area under the curve of per-region overlap (PRO) against the false-positive rate, up to a limit, as a share of the
 * limit (Bergmann et al. 2021, "The MVTec Anomaly Detection Dataset"). PRO at a threshold is the mean over all connected
 * regions of the share of their pixels at or above it; the rate counts normal pixels of all images. The curve begins at
 * (0, 0), is straight between distinct scores, and is cut off at the limit.
 */
export class OverlapArea {
  readonly #regions: number;
  readonly #negatives: number;
  readonly #limit: number;
  #rate = 0;
  #overlap = 0;
  #false = 0;
  #found = 0;
  #lost = 0;
  #area = 0;

  constructor({ regions, limit }: OverlapOptions, negatives: number) {
    this.#regions = regions;
    this.#negatives = negatives;
    this.#limit = limit;
  }

  /** Lowers the threshold past `negatives` normal pixels and so many regions' worth of abnormal ones. */
  step(negatives: number, regions: number): void {
    if (this.#rate >= this.#limit) return;
    this.#false += negatives;
    // Kahan summation: there may be a billion terms.
    const term = regions - this.#lost;
    const found = this.#found + term;
    this.#lost = found - this.#found - term;
    this.#found = found;
    const [rate, overlap] = [this.#false / this.#negatives, found / this.#regions];
    const end = Math.min(rate, this.#limit);
    if (end > this.#rate) {
      const slope = (overlap - this.#overlap) / (rate - this.#rate);
      const atEnd = end === rate ? overlap : this.#overlap + slope * (end - this.#rate);
      this.#area += ((end - this.#rate) * (this.#overlap + atEnd)) / 2;
    }
    [this.#rate, this.#overlap] = [rate, overlap];
  }

  get share(): number {
    return this.#area / this.#limit;
  }

  /** The overlap at the threshold; it stands still beyond the limit. */
  get overlap(): number {
    return this.#overlap;
  }
}

/** Up to this many thresholds, sums are made in NumPy's order, which gives the reference's figures to the last bit. */
const IN_NUMPY_ORDER = 2 ** 16;

/** Counts above each threshold, from the highest threshold down. */
interface Points {
  readonly tps: number[];
  readonly fps: number[];
}

/**
 * Figures of scores and labels.
 * @param scale a function of the score that never falls, such as a scaling to [0, 1]; scores that become equal are tied.
 * Thresholds are given in the unit of the scores themselves.
 * @param recorder records the curves on the way
 */
export function curveFigures(
  scores: ScoreWalk,
  scale: (score: number) => number = (s) => s,
  overlap?: OverlapOptions,
  recorder?: CurveRecorder,
): CurveFigures {
  const { positives, negatives } = scores;
  const area = overlap && new OverlapArea(overlap, negatives);
  let points: Points | undefined = { tps: [], fps: [] };
  let [tp, fp] = [0, 0];
  // Twice the area under the ROC curve, in pairs of samples, is a whole number: its parts are added exactly as long as they fit.
  let [pairs, pairsHigh] = [0, 0n];
  let [precision, lost] = [0, 0];
  let best = { f1: -1, threshold: Number.NaN };
  let [tied, raw, p, n, r] = [Number.NaN, Number.NaN, 0, 0, 0];

  const close = (): void => {
    area?.step(n, r);
    pairs += n * (2 * tp + p);
    if (pairs >= 2 ** 52) {
      pairsHigh += BigInt(pairs);
      pairs = 0;
    }
    tp += p;
    fp += n;
    recorder?.step(tp, fp, area?.overlap);
    if (p > 0) {
      // Kahan summation: there may be a billion terms.
      const term = (p * tp) / (tp + fp) - lost;
      const sum = precision + term;
      lost = sum - precision - term;
      precision = sum;
      const f1 = (2 * tp) / (tp + fp + positives);
      if (f1 > best.f1) best = { f1, threshold: raw };
    }
    if (!points) return;
    points.tps.push(tp);
    points.fps.push(fp);
    if (points.tps.length > IN_NUMPY_ORDER) points = undefined;
  };
  const visit = ({ score, positives: morePositives, negatives: moreNegatives, regions }: ScoreCount): void => {
    const scaled = scale(score);
    recorder?.count(score, morePositives, moreNegatives);
    if (scaled !== tied && p + n > 0) {
      close();
      [p, n, r] = [0, 0, 0];
    }
    tied = scaled;
    raw = score;
    p += morePositives;
    n += moreNegatives;
    r += regions;
  };
  scores.walk(visit);
  if (p + n > 0) close();

  const bothLabels = positives > 0 && negatives > 0;
  const auroc = points ? aurocOf(points) : (Number(pairsHigh) + pairs) / (2 * positives * negatives);
  const averagePrecision = points ? averagePrecisionOf(points) : precision / positives;
  return {
    auroc: bothLabels ? auroc : undefined,
    averagePrecision: positives > 0 ? averagePrecision : undefined,
    bestF1: positives > 0 ? best : undefined,
    aupro: bothLabels ? area?.share : undefined,
  };
}

/** Sum in NumPy's order: buffers of 8192 in turn, halves within a buffer, eight running sums within a block. */
function numpySum(a: readonly number[]): number {
  let sum = 0;
  for (let from = 0; from < a.length; from += 8192) sum += pairwiseSum(a, from, Math.min(8192, a.length - from));
  return sum;
}

function pairwiseSum(a: readonly number[], from: number, n: number): number {
  if (n > 128) {
    const half = Math.floor(n / 2) - (Math.floor(n / 2) % 8);
    return pairwiseSum(a, from, half) + pairwiseSum(a, from + half, n - half);
  }
  const whole = n < 8 ? 0 : n - (n % 8);
  const r = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let i = 0; i < whole; i++) r[i % 8]! += a[from + i]!;
  let sum = r[0]! + r[1]! + (r[2]! + r[3]!) + (r[4]! + r[5]! + (r[6]! + r[7]!));
  for (let i = whole; i < n; i++) sum += a[from + i]!;
  return sum;
}

function aurocOf({ tps, fps }: Points): number {
  const last = tps.length - 1;
  // The reference leaves out points on a straight line between their neighbours.
  const bends = (a: readonly number[], i: number): boolean => a[i + 1]! - a[i]! !== a[i]! - a[i - 1]!;
  const kept = [...tps.keys()].filter((i) => i === 0 || i === last || bends(tps, i) || bends(fps, i));
  const x = [0, ...kept.map((i) => fps[i]! / fps[last]!)];
  const y = [0, ...kept.map((i) => tps[i]! / tps[last]!)];
  return numpySum(kept.map((_, i) => ((x[i + 1]! - x[i]!) * (y[i + 1]! + y[i]!)) / 2));
}

function averagePrecisionOf({ tps, fps }: Points): number {
  const all = tps.at(-1)!;
  const terms = tps.map((tp, i) => {
    const step = (tps[i - 1] ?? 0) / all - tp / all;
    return step * (tp / (tp + fps[i]!));
  });
  return -numpySum(terms.reverse());
}

/** Figures of scores and labels that are all in memory. @throws when lengths differ or a score is not finite */
export function figuresOf(
  scores: Float32Array,
  labels: ArrayLike<number>,
  what?: string,
  recorder?: CurveRecorder,
): CurveFigures {
  const sorted = new SortedScores();
  sorted.add(scores, labels, what);
  return curveFigures(sorted, undefined, undefined, recorder);
}
