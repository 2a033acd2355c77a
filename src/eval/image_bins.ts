/**
 * The scores of a class in bins, counted image by image: the counts of any resample of the images are weighted sums of these,
 * so the pixels themselves are sorted and read once, not once for each resample.
 */
import type { BinCounts } from './count_curves.js';
import { keyOfScore } from './radix_sort.js';
import type { ScoreWalk } from './score_walk.js';
import type { SortedScores } from './sorted_scores.js';

/** How fine bins are: no bin that holds several scores has more than 1 / grain of all abnormal or of all normal samples. */
export type Grain = number;

/** Normal samples of a bin add at most 1 / (grain / GROWTH) to those above it, which bounds the change of precision. */
const GROWTH = 8;

/** The bins of an axis of keys, from the highest down. */
interface Bins {
  /** The lowest key of each bin. */
  readonly lows: readonly number[];
  readonly tied: Uint8Array;
}

/** Cuts the axis where a bin would become too large; scores that `scale` makes equal stay together. */
function cutBins(scores: ScoreWalk, scale: (score: number) => number, grain: Grain): Bins {
  const most = { positives: scores.positives / grain, negatives: scores.negatives / grain };
  const [lows, tied]: [number[], number[]] = [[], []];
  let [p, n, above, low, scaled, several] = [0, 0, 0, 0, Number.NaN, 0];
  const close = (): void => {
    lows.push(low);
    tied.push(several > 1 ? 0 : 1);
    above += p + n;
    [p, n, several] = [0, 0, 0];
  };
  scores.walk(({ score, positives, negatives }) => {
    const value = scale(score);
    if (value !== scaled) {
      const [all, normal] = [p + positives, n + negatives];
      const large = all > most.positives || normal > most.negatives || normal > ((above + all) * GROWTH) / grain;
      if (large && several > 0) close();
      several++;
      scaled = value;
    }
    low = keyOfScore(score);
    p += positives;
    n += negatives;
  });
  if (several > 0) close();
  return { lows, tied: Uint8Array.from(tied) };
}

/** For each bin the images that have samples in it: bin `b` has the entries from `starts[b]` to `starts[b + 1]`. */
class ImageCounts {
  readonly #lows: readonly number[];
  readonly #starts = [0];
  readonly #images: number[] = [];
  readonly #counts: number[] = [];
  readonly #shares: number[] | undefined;
  /** The open bin: samples and shares of regions of each image. */
  readonly #open: Float64Array;
  readonly #openShares: Float64Array;
  #seen: number[] = [];

  constructor(lows: readonly number[], images: number, withShares: boolean) {
    this.#lows = lows;
    this.#open = new Float64Array(images);
    this.#openShares = new Float64Array(images);
    this.#shares = withShares ? [] : undefined;
  }

  /** Counts a sample; keys come from the highest down. */
  add(key: number, image: number, share = 0): void {
    while (key < this.#lows[this.#starts.length - 1]!) this.#close();
    if (this.#open[image] === 0) this.#seen.push(image);
    this.#open[image]! += 1;
    this.#openShares[image]! += share;
  }

  #close(): void {
    for (const image of this.#seen) {
      this.#images.push(image);
      this.#counts.push(this.#open[image]!);
      this.#shares?.push(this.#openShares[image]!);
      this.#open[image] = 0;
      this.#openShares[image] = 0;
    }
    this.#seen = [];
    this.#starts.push(this.#images.length);
  }

  /** Closes the last bins. @returns sums over the images of each bin, weighted */
  finish(): (weights: Float64Array, counts: Float64Array, shares?: Float64Array) => void {
    while (this.#starts.length <= this.#lows.length) this.#close();
    const starts = Uint32Array.from(this.#starts);
    const images = Uint32Array.from(this.#images);
    const ownCounts = Float64Array.from(this.#counts);
    const ownShares = this.#shares && Float64Array.from(this.#shares);
    return (weights, counts, shares) => {
      for (let bin = 0; bin < counts.length; bin++) {
        let [count, share] = [0, 0];
        for (let i = starts[bin]!; i < starts[bin + 1]!; i++) {
          const weight = weights[images[i]!]!;
          count += weight * ownCounts[i]!;
          if (ownShares) share += weight * ownShares[i]!;
        }
        counts[bin] = count;
        if (shares) shares[bin] = share;
      }
    };
  }
}

/** How often an image that is drawn counts, on average over the images that are counted. */
function copiesOf(weights: Float64Array): number {
  const sum = weights.reduce((total, w) => total + w, 0);
  return weights.reduce((total, w) => total + w * w, 0) / sum;
}

/**
 * Counts pixels in bins.
 * @returns the counts of a resample, given how often it has each image; they are overwritten by the next call
 */
export function binPixels(
  scores: SortedScores,
  scale: (score: number) => number,
  grain: Grain,
): (weights: Float64Array) => BinCounts {
  const { lows, tied } = cutBins(scores, scale, grain);
  const images = scores.regionsByImage.length;
  const [abnormal, normal] = [new ImageCounts(lows, images, true), new ImageCounts(lows, images, false)];
  scores.eachRange((isAbnormal, keys, origins) => {
    for (let i = origins.length - 1; i >= 0; i--) {
      const key = typeof keys === 'number' ? keys : keys[i]!;
      const origin = origins[i]!;
      if (isAbnormal) abnormal.add(key, scores.imageOf(origin), scores.shareOf(origin));
      else normal.add(key, origin);
    }
  });
  const [sumAbnormal, sumNormal] = [abnormal.finish(), normal.finish()];
  const [positives, negatives, regions] = [lows, lows, lows].map((l) => new Float64Array(l.length)) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  return (weights) => {
    sumAbnormal(weights, positives, regions);
    sumNormal(weights, negatives);
    return { positives, negatives, regions, tied, copies: copiesOf(weights) };
  };
}

/** As `binPixels`, of the images' own scores: a bin for each distinct score. */
export function binImages(scores: Float32Array, labels: readonly number[]): (weights: Float64Array) => BinCounts {
  const distinct = [...new Set(scores)].sort((a, b) => b - a);
  const bins = new Map(distinct.map((score, bin) => [score, bin]));
  const places = Array.from(scores, (score) => bins.get(score)!);
  const tied = new Uint8Array(distinct.length).fill(1);
  const [positives, negatives] = [new Float64Array(distinct.length), new Float64Array(distinct.length)];
  return (weights) => {
    positives.fill(0);
    negatives.fill(0);
    places.forEach((bin, image) => {
      (labels[image] !== 0 ? positives : negatives)[bin]! += weights[image]!;
    });
    return { positives, negatives, tied, copies: copiesOf(weights) };
  };
}
