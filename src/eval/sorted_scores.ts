/**
 * Labelled scores, visited from the highest down; exact for thousands of millions of scores.
 *
 * A float32 becomes a 32-bit key of the same order, and the label decides which of two lists the key joins: four bytes
 * per score, eight per abnormal one, whose region's size goes along. Keys are kept in chunks, which are sorted when they
 * are full and go to a file where they exceed the memory allowed. The walk takes keys out of all chunks range by range,
 * each range narrow enough to be sorted in a small buffer.
 *
 * Why this is exact: every key is in one chunk, every chunk is sorted, and the ranges cut the axis of keys into pieces
 * without gaps. So all keys of a range are taken together, whichever chunk they are in, and equal keys, which are in one
 * range by definition, are visited as one. Only whole keys are compared; where a chunk lies does not matter.
 */
import { CHUNK, KeyList, type KeyMemory, type Taken, type WordStore } from './key_list.js';
import { keyOf, scoreOf } from './radix_sort.js';

/** Keys sampled from each chunk to see how scores are spread. */
const SAMPLES = 64;

/** A distinct score. */
export interface ScoreCount {
  readonly score: number;
  /** Abnormal and normal samples that have it. */
  readonly positives: number;
  readonly negatives: number;
  /** Sum over these abnormal samples of 1 / the number of samples in their region. */
  readonly regions: number;
}

export interface ScoreMemory {
  /** Bytes of keys that are kept in memory; the rest goes to the store. */
  readonly bytes: number;
  /** Opens a place for the rest. */
  openStore(): WordStore;
}

export class SortedScores implements Disposable {
  readonly #positives: KeyList;
  readonly #negatives: KeyList;
  #store: WordStore | undefined;
  positives = 0;
  negatives = 0;

  /** @param memory where keys are kept; all in memory by default */
  constructor(memory?: ScoreMemory) {
    const shared: KeyMemory = {
      left: memory?.bytes ?? Infinity,
      store: () => {
        this.#store ??= memory?.openStore();
        return this.#store;
      },
    };
    this.#positives = new KeyList(shared, CHUNK / SAMPLES, true);
    this.#negatives = new KeyList(shared, CHUNK / SAMPLES, false);
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

  /**
   * Adds scores with their labels (0 normal, anything else abnormal; all normal when there are none).
   * @param what names the scores in errors
   * @param regions for each abnormal score, the number of scores in its region; 1 by default
   * @throws when the lengths differ or a score is not finite; nothing is added then
   */
  add(
    scores: Float32Array,
    labels: ArrayLike<number> | undefined,
    what = 'scores',
    regions?: ArrayLike<number> | undefined,
  ): void {
    for (const list of [labels, regions]) {
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
    let found = 0;
    for (let i = 0; i < words.length; i++) {
      const key = keyOf(words[i]!);
      if (labels && labels[i] !== 0) {
        this.#positives.push(key, regions?.[i] ?? 1);
        found++;
      } else this.#negatives.push(key);
    }
    this.positives += found;
    this.negatives += words.length - found;
  }

  /** Visits the distinct scores from the highest down. May be called again; nothing can be added after the first call. */
  walk(visit: (count: ScoreCount) => void): void {
    const lists = [this.#positives, this.#negatives] as const;
    for (const list of lists) list.finish();
    for (const list of lists) list.rewind();
    const edges = this.#edges();
    for (let i = edges.length - 1; i >= 0; i--) {
      const low = edges[i]!;
      if (edges[i + 1] !== low + 1) {
        merge(this.#positives.take(low), this.#negatives.take(low).keys, visit);
        continue;
      }
      const [p, n] = [this.#positives.takeEqual(low), this.#negatives.takeEqual(low)];
      let regions = 0;
      for (const sizes of p.values) regions += regionsOf(sizes, 0, sizes.length);
      const count = { score: scoreOf(low), positives: p.count, negatives: n.count, regions };
      if (p.count + n.count > 0) visit(count);
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

/** The sum of 1 / size over some sizes of regions. */
function regionsOf(sizes: Uint32Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += 1 / sizes[i]!;
  return sum;
}

/** Visits two ascending lists of keys together, from their ends. */
function merge(
  { keys: positives, values: sizes }: Taken,
  negatives: Uint32Array,
  visit: (c: ScoreCount) => void,
): void {
  let p = positives.length - 1;
  let n = negatives.length - 1;
  while (p >= 0 || n >= 0) {
    const key = Math.max(p >= 0 ? positives[p]! : 0, n >= 0 ? negatives[n]! : 0);
    const [p0, n0] = [p, n];
    while (p >= 0 && positives[p] === key) p--;
    while (n >= 0 && negatives[n] === key) n--;
    visit({
      score: scoreOf(key),
      positives: p0 - p,
      negatives: n0 - n,
      regions: regionsOf(sizes, p + 1, p0 + 1),
    });
  }
}
