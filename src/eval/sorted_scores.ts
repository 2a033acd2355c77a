/**
 * Labelled scores, visited from the highest down; exact for hundreds of millions of scores.
 *
 * A float32 becomes a 32-bit key of the same order, and the label decides which of two lists the key joins: four bytes
 * per score. Keys are kept in chunks, which are sorted when they are full. The walk takes keys out of all chunks range
 * by range, each range narrow enough to be sorted in a small buffer. So the peak of memory is the keys and a few per
 * cent more.
 */

/** Keys in a chunk: few enough for the cache, yet so many that a billion scores make only a thousand chunks. */
const CHUNK = 2 ** 20;
/** Keys sampled from each chunk to see how scores are spread. */
const SAMPLES = 64;
const DIGITS = [
  [0, 11],
  [11, 11],
  [22, 10],
] as const;

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** The value of a key. */
export function scoreOf(key: number): number {
  word[0] = key >= 0x80000000 ? key ^ 0x80000000 : ~key;
  return float[0]!;
}

/**
 * Sorts `keys` in place, least significant digit first.
 * @param spare at least as long as `keys`
 */
export function radixSort(keys: Uint32Array, spare: Uint32Array): void {
  const n = keys.length;
  let from = keys;
  let to = spare.subarray(0, n);
  for (const [shift, bits] of DIGITS) {
    const mask = 2 ** bits - 1;
    const at = new Uint32Array(mask + 1);
    for (let i = 0; i < n; i++) at[(from[i]! >>> shift) & mask]!++;
    if (n === 0 || at[(from[0]! >>> shift) & mask] === n) continue; // the same digit everywhere
    for (let d = 0, sum = 0; d <= mask; d++) {
      const count = at[d]!;
      at[d] = sum;
      sum += count;
    }
    for (let i = 0; i < n; i++) {
      const key = from[i]!;
      to[at[(key >>> shift) & mask]!++] = key;
    }
    [from, to] = [to, from];
  }
  if (from !== keys) keys.set(from);
}

/** Index of the first key that is not below `bound`, among ascending `keys` up to `end`. */
function lowerBound(keys: Uint32Array, end: number, bound: number): number {
  let low = 0;
  let high = end;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The keys of one label. */
class KeyList {
  readonly chunks: Uint32Array[] = [];
  #open = new Uint32Array(1024);
  #filled = 0;
  #ends: number[] | undefined;

  push(key: number): void {
    if (this.#filled === this.#open.length) this.#grow();
    this.#open[this.#filled++] = key;
  }

  #grow(): void {
    if (this.#filled === CHUNK) {
      this.#seal();
      this.#open = new Uint32Array(CHUNK);
      return;
    }
    const larger = new Uint32Array(2 * this.#open.length);
    larger.set(this.#open);
    this.#open = larger;
  }

  #seal(): void {
    const chunk = this.#open.subarray(0, this.#filled);
    radixSort(chunk, spareOf(chunk.length));
    this.chunks.push(chunk);
    this.#filled = 0;
  }

  /** Sorts the last chunk; nothing may be pushed afterwards. */
  finish(): void {
    if (this.#ends) return;
    if (this.#filled > 0) this.#seal();
    this.#open = new Uint32Array(0);
    this.#ends = this.chunks.map((c) => c.length);
  }

  /** Puts back the keys that were taken. */
  rewind(): void {
    this.#ends = this.chunks.map((c) => c.length);
  }

  /**
   * Takes the keys from `low` on, ascending. `low` falls from call to call.
   * @param single all keys left from `low` on equal `low`: they are counted, not gathered
   */
  take(low: number, single: boolean): Uint32Array | number {
    const ends = this.#ends!;
    const starts = this.chunks.map((c, i) => lowerBound(c, ends[i]!, low));
    const count = starts.reduce((sum, start, i) => sum + ends[i]! - start, 0);
    let keys: Uint32Array | number = count;
    if (!single) {
      keys = new Uint32Array(count);
      let at = 0;
      for (const [i, chunk] of this.chunks.entries()) {
        keys.set(chunk.subarray(starts[i]!, ends[i]!), at);
        at += ends[i]! - starts[i]!;
      }
      radixSort(keys, spareOf(count));
    }
    this.#ends = starts;
    return keys;
  }
}

let spare = new Uint32Array(0);

/** A buffer for sorting; all sorts share it, since nothing here waits. */
function spareOf(n: number): Uint32Array {
  if (spare.length < n) spare = new Uint32Array(n);
  return spare;
}

/** Called for each distinct score with the numbers of abnormal and normal samples that have it. */
export type ScoreVisit = (score: number, positives: number, negatives: number) => void;

export class SortedScores {
  readonly #positives = new KeyList();
  readonly #negatives = new KeyList();
  positives = 0;
  negatives = 0;

  get size(): number {
    return this.positives + this.negatives;
  }

  /**
   * Adds scores with their labels (0 normal, anything else abnormal; all normal when there are none).
   * @param what names the scores in errors
   * @throws when the lengths differ or a score is not finite; nothing is added then
   */
  add(scores: Float32Array, labels: ArrayLike<number> | undefined, what = 'scores'): void {
    if (labels && labels.length !== scores.length) {
      throw new Error(`${what}: expected a label for each of ${scores.length} scores, got ${labels.length} labels`);
    }
    const words = new Uint32Array(scores.buffer, scores.byteOffset, scores.length);
    for (let i = 0; i < words.length; i++) {
      if ((words[i]! & 0x7f800000) === 0x7f800000) {
        throw new Error(`${what}: score ${i} is ${scores[i]}: expected finite numbers`);
      }
    }
    let found = 0;
    for (let i = 0; i < words.length; i++) {
      const bits = words[i]!;
      // Order of the bits: negative numbers are inverted and below positive ones; -0 is 0.
      const key = bits < 0x80000000 ? bits + 0x80000000 : bits === 0x80000000 ? bits : ~bits >>> 0;
      if (labels && labels[i] !== 0) {
        this.#positives.push(key);
        found++;
      } else this.#negatives.push(key);
    }
    this.positives += found;
    this.negatives += words.length - found;
  }

  /** Visits the distinct scores from the highest down. May be called again; nothing can be added after the first call. */
  walk(visit: ScoreVisit): void {
    const lists = [this.#positives, this.#negatives] as const;
    for (const list of lists) list.finish();
    for (const list of lists) list.rewind();
    const edges = this.#edges();
    for (let i = edges.length - 1; i >= 0; i--) {
      const low = edges[i]!;
      const single = edges[i + 1] === low + 1;
      const [p, n] = lists.map((list) => list.take(low, single)) as [Uint32Array | number, Uint32Array | number];
      if (typeof p === 'number' || typeof n === 'number') {
        if (Number(p) + Number(n) > 0) visit(scoreOf(low), Number(p), Number(n));
      } else merge(p, n, visit);
    }
  }

  /**
   * Lower ends of the key ranges to walk, ascending. They are quantiles of a sample from the sorted chunks, so each
   * range has about as many keys as a chunk; a key that fills whole ranges by itself gets its own range.
   */
  #edges(): number[] {
    const chunks = [...this.#positives.chunks, ...this.#negatives.chunks];
    const step = CHUNK / SAMPLES;
    const sample = new Uint32Array(chunks.reduce((sum, c) => sum + Math.floor(c.length / step), 0));
    let at = 0;
    for (const chunk of chunks) for (let i = step - 1; i < chunk.length; i += step) sample[at++] = chunk[i]!;
    sample.sort();
    const edges = new Set([0]);
    for (let i = SAMPLES; i < sample.length; i += SAMPLES) {
      edges.add(sample[i]!);
      if (sample[i] === sample[i - SAMPLES]) edges.add(sample[i]! + 1);
    }
    return [...edges].sort((a, b) => a - b);
  }
}

/** Visits two ascending lists of keys together, from their ends. */
function merge(positives: Uint32Array, negatives: Uint32Array, visit: ScoreVisit): void {
  let p = positives.length - 1;
  let n = negatives.length - 1;
  while (p >= 0 || n >= 0) {
    const key = Math.max(p >= 0 ? positives[p]! : 0, n >= 0 ? negatives[n]! : 0);
    const [p0, n0] = [p, n];
    while (p >= 0 && positives[p] === key) p--;
    while (n >= 0 && negatives[n] === key) n--;
    visit(scoreOf(key), p0 - p, n0 - n);
  }
}
