/** Walks scores range by range, each range in two sorted lists: of abnormal and of normal samples. */
import type { Counted, Taken } from './key_list.js';
import { scoreOf } from './radix_sort.js';

/** A distinct score, counted over all images, each as often as its weight says. */
export interface ScoreCount {
  readonly score: number;
  /** Abnormal and normal samples that have it. */
  readonly positives: number;
  readonly negatives: number;
  /** Sum over these abnormal samples of 1 / the number of samples in their region. */
  readonly regions: number;
}

/** Labelled scores that can be visited in order. */
export interface ScoreWalk {
  readonly positives: number;
  readonly negatives: number;
  /** Regions of all images. */
  readonly regions: number;
  /** Visits the distinct scores from the highest down. */
  walk(visit: (count: ScoreCount) => void): void;
}

/** Scores of one label from the highest range down: ascending within a range, or all equal where `keys` is one key. */
export type RangeVisitor = (abnormal: boolean, keys: Uint32Array | number, origins: Uint32Array) => void;

/** What a sample adds to the counts, by its region (abnormal ones) or its image (normal ones). */
export interface SampleWeights {
  /** Of a region's pixel: the share of its region that it is. */
  readonly shares: Float64Array;
  /** Undefined where every sample counts once. */
  readonly positives?: Float64Array;
  readonly negatives?: Float64Array;
}

/** A range of keys, out of both lists. */
export type KeyRange =
  | { readonly equal: false; readonly positives: Taken; readonly negatives: Taken }
  | { readonly equal: true; readonly key: number; readonly positives: Counted; readonly negatives: Counted };

/** Visits the distinct scores of ranges that come from the highest down. */
export function walkRanges(
  ranges: Iterable<KeyRange>,
  weights: SampleWeights,
  visit: (count: ScoreCount) => void,
): void {
  for (const range of ranges) {
    if (!range.equal) {
      merge(range.positives, range.negatives, weights, visit);
      continue;
    }
    const { key, positives: p, negatives: n } = range;
    let [positives, negatives, regions] = [0, 0, 0];
    for (const places of p.values) {
      positives += total(places, 0, places.length, weights.positives);
      regions += total(places, 0, places.length, weights.shares);
    }
    if (!weights.negatives) negatives = n.count;
    else for (const images of n.values) negatives += total(images, 0, images.length, weights.negatives);
    if (positives + negatives > 0) visit({ score: scoreOf(key), positives, negatives, regions });
  }
}

/** The sum of the weights of some samples, or their number where each counts once. */
function total(places: Uint32Array, from: number, to: number, weights: Float64Array | undefined): number {
  if (!weights) return to - from;
  let sum = 0;
  for (let i = from; i < to; i++) sum += weights[places[i]!]!;
  return sum;
}

/** Visits two ascending lists of keys together, from their ends. */
function merge(
  { keys: positives, values: regions }: Taken,
  { keys: negatives, values: images }: Taken,
  weights: SampleWeights,
  visit: (c: ScoreCount) => void,
): void {
  let p = positives.length - 1;
  let n = negatives.length - 1;
  while (p >= 0 || n >= 0) {
    const key = Math.max(p >= 0 ? positives[p]! : 0, n >= 0 ? negatives[n]! : 0);
    const [p0, n0] = [p, n];
    while (p >= 0 && positives[p] === key) p--;
    while (n >= 0 && negatives[n] === key) n--;
    const count = {
      score: scoreOf(key),
      positives: total(regions, p + 1, p0 + 1, weights.positives),
      negatives: total(images, n + 1, n0 + 1, weights.negatives),
      regions: total(regions, p + 1, p0 + 1, weights.shares),
    };
    if (count.positives + count.negatives > 0) visit(count);
  }
}
