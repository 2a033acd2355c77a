/** Keys in sorted chunks, in memory or elsewhere, from which they are taken from the highest down. */
import { sortKeys } from './radix_sort.js';

/** Keys in a chunk: few enough for the cache, yet so many that a billion keys make only a thousand chunks. */
export const CHUNK = 2 ** 20;

/** Keys from one that is kept in memory to the next, where a chunk lies elsewhere. */
const STRIDE = 1024;

/** Words in a piece of values. */
const PIECE = 2 ** 16;

/** Keeps words outside of memory, such as in a file. */
export interface WordStore extends Disposable {
  /** Keeps a copy of the words. Returns where they are, in words. */
  append(words: Uint32Array): number;
  read(at: number, count: number): Uint32Array;
}

/** What decides where chunks go: those that exceed the memory go to the store. */
export interface KeyMemory {
  /** Bytes of chunks that may still be kept in memory. */
  left: number;
  /** Opens the store when it is needed first. */
  store(): WordStore | undefined;
}

/** A sorted run of keys, ascending, and a word that goes with each where the list has such words. */
interface Chunk {
  readonly length: number;
  keys(from: number, to: number): Uint32Array;
  values(from: number, to: number): Uint32Array;
  /** Index of the first key up to `end` that is not below `bound`. */
  lowerBound(end: number, bound: number): number;
}

/** Index of the first key in [low, high) that is not below `bound`, `high` where there is none. */
function lowerBound(keys: Uint32Array, low: number, high: number, bound: number): number {
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (keys[middle]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}

const inMemory = (keys: Uint32Array, values: Uint32Array): Chunk => ({
  length: keys.length,
  keys: (from, to) => keys.subarray(from, to),
  values: (from, to) => values.subarray(from, to),
  lowerBound: (end, bound) => lowerBound(keys, 0, end, bound),
});

function inStore(store: WordStore, keys: Uint32Array, values: Uint32Array): Chunk {
  const at = store.append(keys);
  const valuesAt = values.length > 0 ? store.append(values) : 0;
  // The last key of every stride: the one that decides is in the first stride whose last key is not below the bound.
  const lasts = Uint32Array.from({ length: Math.floor(keys.length / STRIDE) }, (_, i) => keys[(i + 1) * STRIDE - 1]!);
  return {
    length: keys.length,
    keys: (from, to) => store.read(at + from, to - from),
    values: (from, to) => store.read(valuesAt + from, to - from),
    lowerBound(end, bound) {
      const from = lowerBound(lasts, 0, lasts.length, bound) * STRIDE;
      if (from >= end) return end;
      const to = Math.min(from + STRIDE, end);
      return from + lowerBound(store.read(at + from, to - from), 0, to - from, bound);
    },
  };
}

/** Keys that were taken, ascending, and the words that go with them, where the list has words. */
export interface Taken {
  readonly keys: Uint32Array;
  readonly values: Uint32Array;
}

/** Keys that are all equal, and the words that go with them, piece by piece. */
export interface Counted {
  readonly count: number;
  readonly values: Iterable<Uint32Array>;
}

/** The part of a chunk that was taken. */
interface Part {
  readonly chunk: Chunk;
  readonly from: number;
  readonly to: number;
}

const sizeOf = (parts: readonly Part[]): number => parts.reduce((sum, { from, to }) => sum + to - from, 0);

/** The values of parts, few at a time: one key may have most of all samples. */
function* piecesOf(parts: readonly Part[]): Iterable<Uint32Array> {
  for (const { chunk, from, to } of parts) {
    for (let at = from; at < to; at += PIECE) yield chunk.values(at, Math.min(at + PIECE, to));
  }
}

const NONE = new Uint32Array(0);

export class KeyList {
  readonly #memory: KeyMemory;
  readonly #chunks: Chunk[] = [];
  /** Every `sampled`th key of each chunk. */
  readonly samples: number[] = [];
  readonly #sampled: number;
  readonly #withValues: boolean;
  #open = new Uint32Array(1024);
  #openValues: Uint32Array;
  #filled = 0;
  #ends: number[] | undefined;

  /**
   * @param sampled distance of the keys of a chunk that go to `samples`
   * @param withValues each key has a word that goes with it
   */
  constructor(memory: KeyMemory, sampled: number, withValues: boolean) {
    this.#memory = memory;
    this.#sampled = sampled;
    this.#withValues = withValues;
    this.#openValues = withValues ? new Uint32Array(1024) : NONE;
  }

  push(key: number, value = 0): void {
    if (this.#filled === this.#open.length) this.#grow();
    if (this.#withValues) this.#openValues[this.#filled] = value;
    this.#open[this.#filled++] = key;
  }

  #grow(): void {
    if (this.#filled === CHUNK) {
      // What is in the store was copied there, so its buffers can be used again.
      if (this.#seal()) return;
      this.#open = new Uint32Array(CHUNK);
      if (this.#withValues) this.#openValues = new Uint32Array(CHUNK);
      return;
    }
    const larger = (words: Uint32Array): Uint32Array<ArrayBuffer> => {
      const grown = new Uint32Array(2 * words.length);
      grown.set(words);
      return grown;
    };
    this.#open = larger(this.#open);
    this.#openValues = larger(this.#openValues);
  }

  /** Sorts what was pushed since the last chunk and keeps it, in memory while there is room. Returns whether it was not. */
  #seal(): boolean {
    const keys = this.#open.subarray(0, this.#filled);
    const values = this.#openValues.subarray(0, this.#withValues ? this.#filled : 0);
    sortKeys(keys, this.#withValues ? values : undefined);
    for (let i = this.#sampled - 1; i < keys.length; i += this.#sampled) this.samples.push(keys[i]!);
    const bytes = keys.byteLength + values.byteLength;
    const store = this.#memory.left < bytes ? this.#memory.store() : undefined;
    if (store) this.#chunks.push(inStore(store, keys, values));
    else {
      this.#chunks.push(inMemory(keys, values));
      this.#memory.left -= bytes;
    }
    this.#filled = 0;
    return store !== undefined;
  }

  /** Sorts the last chunk; nothing may be pushed afterwards. */
  finish(): void {
    if (this.#ends) return;
    if (this.#filled > 0) this.#seal();
    [this.#open, this.#openValues] = [new Uint32Array(0), new Uint32Array(0)];
    this.rewind();
  }

  /** Puts back the keys that were taken. */
  rewind(): void {
    this.#ends = this.#chunks.map((c) => c.length);
  }

  /** Takes the keys from `low` on. `low` falls from call to call. */
  take(low: number): Taken {
    const parts = this.#cut(low);
    const count = sizeOf(parts);
    const keys = new Uint32Array(count);
    const values = new Uint32Array(this.#withValues ? count : 0);
    let at = 0;
    for (const { chunk, from, to } of parts) {
      keys.set(chunk.keys(from, to), at);
      if (this.#withValues) values.set(chunk.values(from, to), at);
      at += to - from;
    }
    sortKeys(keys, this.#withValues ? values : undefined);
    return { keys, values };
  }

  /** As `take` where all keys left from `low` on equal `low`: there may be more of them than fit into memory. */
  takeEqual(low: number): Counted {
    const parts = this.#cut(low);
    return { count: sizeOf(parts), values: this.#withValues ? piecesOf(parts) : [] };
  }

  /** The parts of all chunks from `low` on, which the chunks then lack. */
  #cut(low: number): Part[] {
    const ends = this.#ends!;
    const parts = this.#chunks.map((chunk, i) => ({ chunk, from: chunk.lowerBound(ends[i]!, low), to: ends[i]! }));
    this.#ends = parts.map(({ from }) => from);
    return parts.filter(({ from, to }) => from < to);
  }
}
