/**
 * Labelled scores, visited from the highest down; exact for thousands of millions of scores.
 *
 * A float32 becomes a 32-bit key of the same order, and the label decides which of two lists the key joins: four bytes
 * per score, eight per abnormal one, whose region goes along. Keys are kept in chunks, which are sorted when they
 * are full and go to a file where they exceed the memory allowed. The walk takes keys out of all chunks range by range,
 * each range narrow enough to be sorted in a small buffer. On request each normal score keeps its image too, in four bytes
 * more; then the figures of a part of the images, or of images that count several times, can be had from the same keys.
 *
 * Why this is exact: every key is in one chunk, every chunk is sorted, and the ranges cut the axis of keys into pieces
 * without gaps. So all keys of a range are taken together, whichever chunk they are in, and equal keys, which are in one
 * range by definition, are visited as one. Only whole keys are compared; where a chunk lies does not matter.
 */
import { CHUNK, KeyList, type KeyMemory, type WordStore } from './key_list.js';
import { keyOf } from './radix_sort.js';
import type { Regions } from './regions.js';
import { type KeyRange, type RangeVisitor, type ScoreCount, type ScoreWalk, walkRanges } from './score_walk.js';

/** Keys sampled from each chunk to see how scores are spread. */
const SAMPLES = 64;

export interface ScoreMemory {
  /** Bytes of keys that are kept in memory; the rest goes to the store. */
  readonly bytes: number;
  /** Opens a place for the rest. */
  openStore(): WordStore;
}

export class SortedScores implements Disposable, ScoreWalk {
  readonly #positives: KeyList;
  readonly #negatives: KeyList;
  readonly #byImage: boolean;
  #store: WordStore | undefined;
  /** Pixels of each region, and the image it is in. */
  readonly #sizes: number[] = [];
  readonly #images: number[] = [];
  /** Counts of each image. */
  readonly #counts: { readonly positives: number; readonly negatives: number; readonly regions: number }[] = [];
  positives = 0;
  negatives = 0;

  /**
   * @param memory where keys are kept; all in memory by default
   * @param byImage whether each score keeps its image, as `weighted` and `eachRange` need
   */
  constructor(memory?: ScoreMemory, byImage = false) {
    const shared: KeyMemory = {
      left: memory?.bytes ?? Infinity,
      store: () => {
        this.#store ??= memory?.openStore();
        return this.#store;
      },
    };
    this.#byImage = byImage;
    this.#positives = new KeyList(shared, CHUNK / SAMPLES, true);
    this.#negatives = new KeyList(shared, CHUNK / SAMPLES, byImage);
  }

  /** Whether some keys are in the store. */
  get spilled(): boolean {
    return this.#store !== undefined;
  }

  /** Drops the store; nothing can be done with the scores afterwards. */
  [Symbol.dispose](): void {
    this.#store?.[Symbol.dispose]();
  }

  get size(): number {
    return this.positives + this.negatives;
  }

  get regions(): number {
    return this.#counts.reduce((sum, { regions }) => sum + regions, 0);
  }

  /** The image a region is in. */
  imageOf(region: number): number {
    return this.#images[region]!;
  }

  /** The share of a region that one of its pixels is. */
  shareOf(region: number): number {
    return 1 / this.#sizes[region]!;
  }

  /** Regions of each image. */
  get regionsByImage(): number[] {
    return this.#counts.map(({ regions }) => regions);
  }

  /**
   * Adds the scores of an image with their labels (0 normal, anything else abnormal; all normal when there are none).
   * @param what names the scores in errors
   * @param regions the regions of the abnormal scores; by default each of them is one by itself
   * @throws when the lengths differ or a score is not finite; nothing is added then
   */
  add(
    scores: Float32Array,
    labels: ArrayLike<number> | undefined,
    what = 'scores',
    regions?: Pick<Regions, 'labels' | 'sizes'> | undefined,
  ): void {
    for (const list of [labels, regions?.labels]) {
      if (list && list.length !== scores.length) {
        throw new Error(`${what}: expected a label for each of ${scores.length} scores, got ${list.length} labels`);
      }
    }
    const words = new Uint32Array(scores.buffer, scores.byteOffset, scores.length);
    for (let i = 0; i < words.length; i++) {
      if ((words[i]! & 0x7f800000) === 0x7f800000) {
        throw new Error(`${what}: score ${i} is ${scores[i]}: expected finite numbers`);
      }
    }
    const image = this.#counts.length;
    const first = this.#sizes.length;
    let found = 0;
    for (let i = 0; i < words.length; i++) {
      const key = keyOf(words[i]!);
      if (labels && labels[i] !== 0) {
        this.#positives.push(key, first + (regions ? regions.labels[i]! - 1 : 0));
        found++;
      } else this.#negatives.push(key, image);
    }
    const sizes = regions?.sizes.slice(1) ?? (found > 0 ? [1] : []);
    for (const size of sizes) {
      this.#sizes.push(size);
      this.#images.push(image);
    }
    this.positives += found;
    this.negatives += words.length - found;
    this.#counts.push({ positives: found, negatives: words.length - found, regions: sizes.length });
  }

  /** Visits the distinct scores from the highest down. May be called again; nothing can be added after the first call. */
  walk(visit: (count: ScoreCount) => void): void {
    walkRanges(this.#ranges(), { shares: Float64Array.from(this.#sizes, (size) => 1 / size) }, visit);
  }

  /**
   * The same scores with each image counted as often as its weight says; 0 leaves it out.
   * @param weights whole numbers, one for each image in the order in which they were added
   * @throws when the scores do not keep their images, or the number of weights is another
   */
  weighted(weights: ArrayLike<number>): ScoreWalk {
    this.#expectImages();
    if (weights.length !== this.#counts.length) {
      throw new Error(`weights: expected one for each of ${this.#counts.length} images, got ${weights.length}`);
    }
    const sum = (key: 'positives' | 'negatives' | 'regions'): number =>
      this.#counts.reduce((total, counts, i) => total + weights[i]! * counts[key], 0);
    const positives = Float64Array.from(this.#images, (image) => weights[image]!);
    const shares = positives.map((weight, region) => weight / this.#sizes[region]!);
    const negatives = Float64Array.from(weights);
    return {
      positives: sum('positives'),
      negatives: sum('negatives'),
      regions: sum('regions'),
      walk: (visit) => walkRanges(this.#ranges(), { shares, positives, negatives }, visit),
    };
  }

  /** Visits all scores with their regions (abnormal ones) or images (normal ones), range by range from the highest down. */
  eachRange(visit: RangeVisitor): void {
    this.#expectImages();
    for (const range of this.#ranges()) {
      for (const abnormal of [true, false]) {
        const part = abnormal ? range.positives : range.negatives;
        if ('keys' in part) visit(abnormal, part.keys, part.values);
        else if (range.equal) for (const origins of part.values) visit(abnormal, range.key, origins);
      }
    }
  }

  #expectImages(): void {
    if (!this.#byImage) throw new Error('scores: their images are not kept: expected SortedScores made with byImage');
  }

  *#ranges(): Iterable<KeyRange> {
    const lists = [this.#positives, this.#negatives] as const;
    for (const list of lists) list.finish();
    for (const list of lists) list.rewind();
    const edges = this.#edges();
    for (let i = edges.length - 1; i >= 0; i--) {
      const low = edges[i]!;
      const [positives, negatives] = lists;
      if (edges[i + 1] !== low + 1) {
        yield { equal: false, positives: positives.take(low), negatives: negatives.take(low) };
      } else {
        yield { equal: true, key: low, positives: positives.takeEqual(low), negatives: negatives.takeEqual(low) };
      }
    }
  }

  /**
   * Lower ends of the key ranges to walk, ascending. They are quantiles of a sample from the sorted chunks, so each
   * range has about as many keys as a chunk; a key that fills whole ranges by itself gets its own range.
   */
  #edges(): number[] {
    const sample = Uint32Array.from([...this.#positives.samples, ...this.#negatives.samples]).sort();
    const edges = new Set([0]);
    for (let i = SAMPLES; i < sample.length; i += SAMPLES) {
      edges.add(sample[i]!);
      if (sample[i] === sample[i - SAMPLES]) edges.add(sample[i]! + 1);
    }
    return [...edges].sort((a, b) => a - b);
  }
}
