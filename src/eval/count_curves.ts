/** Figures of samples that were counted in bins of their scores, as a bootstrap needs them thousands of times. */
import { OverlapArea, type OverlapOptions } from './curve.js';

/** Counts of bins, from the highest scores down. */
export interface BinCounts {
  /** Abnormal and normal samples. */
  readonly positives: Float64Array;
  readonly negatives: Float64Array;
  /** Sum over the abnormal samples of 1 / the number of samples in their region. */
  readonly regions?: Float64Array | undefined;
  /** Not 0 where all samples of a bin have the same score. */
  readonly tied: Uint8Array;
  /** How often a sample that is drawn counts, on average over what is counted: its copies are tied with each other. */
  readonly copies: number;
}

/** Shares from 0 to 1. */
export interface BinnedFigures {
  readonly auroc: number;
  readonly averagePrecision: number;
  readonly f1: number;
  /** Undefined without regions. */
  readonly aupro: number | undefined;
}

/**
 * The sum of precision over the abnormal samples of a bin in which both labels are mixed evenly:
 * the integral from 0 to 1 of p (tp + p t) / (all + (p + n) t). A sample and its copies are above themselves, half of
 * them at the middle of their step, so `tp` and `all` begin with these.
 */
function mixedPrecision(p: number, n: number, tp: number, all: number): number {
  if (p === 0) return 0;
  const d = p + n;
  return p * (p / d + ((tp - (p * all) / d) / d) * Math.log1p(d / all));
}

/**
 * Figures of bins as `curveFigures` defines them. They are exact where each bin has one score; in a bin of several, samples
 * of both labels count as evenly mixed.
 * @returns undefined where only one label occurs
 */
export function figuresOfBins(
  { positives, negatives, regions, tied, copies }: BinCounts,
  overlap?: OverlapOptions,
): BinnedFigures | undefined {
  const allPositives = positives.reduce((sum, n) => sum + n, 0);
  const allNegatives = negatives.reduce((sum, n) => sum + n, 0);
  if (allPositives === 0 || allNegatives === 0) return undefined;
  const area = overlap && regions && new OverlapArea(overlap, allNegatives);
  let [tp, fp, pairs, precision, f1] = [0, 0, 0, 0, 0];
  for (let i = 0; i < positives.length; i++) {
    const [p, n] = [positives[i]!, negatives[i]!];
    if (p + n === 0) continue;
    area?.step(n, regions![i]!);
    pairs += n * (tp + p / 2);
    precision += tied[i]
      ? (p * (tp + p)) / (tp + fp + p + n)
      : mixedPrecision(p, n, tp + copies / 2, tp + fp + copies / 2);
    tp += p;
    fp += n;
    f1 = Math.max(f1, (2 * tp) / (tp + fp + allPositives));
  }
  return {
    auroc: pairs / (allPositives * allNegatives),
    averagePrecision: precision / allPositives,
    f1,
    aupro: area?.share,
  };
}
