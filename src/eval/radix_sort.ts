/** Sorting of 32-bit keys, and float32 numbers as keys of the same order. */

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

/** The key of a value. */
export function keyOfScore(score: number): number {
  float[0] = score;
  return keyOf(word[0]!);
}

/** The key of a number, given its bits: negative numbers are inverted and below positive ones; -0 is 0. */
export const keyOf = (bits: number): number =>
  bits < 0x80000000 ? bits + 0x80000000 : bits === 0x80000000 ? bits : ~bits >>> 0;

/** Words that move along with keys, and room for as many. */
export interface Companions {
  readonly values: Uint32Array;
  readonly spare: Uint32Array;
}

/**
 * Sorts `keys` in place, least significant digit first; equal keys keep their order.
 * @param spare at least as long as `keys`
 * @param companions a word for each key, put into the same order
 */
export function radixSort(keys: Uint32Array, spare: Uint32Array, companions?: Companions): void {
  const n = keys.length;
  let [from, to] = [keys, spare.subarray(0, n)];
  let [along, alongTo] = [companions?.values, companions?.spare.subarray(0, n)];
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
    if (along && alongTo) {
      for (let i = 0; i < n; i++) {
        const place = at[(from[i]! >>> shift) & mask]!++;
        to[place] = from[i]!;
        alongTo[place] = along[i]!;
      }
      [along, alongTo] = [alongTo, along];
    } else {
      for (let i = 0; i < n; i++) {
        const key = from[i]!;
        to[at[(key >>> shift) & mask]!++] = key;
      }
    }
    [from, to] = [to, from];
  }
  if (from !== keys) keys.set(from);
  if (along && along !== companions!.values) companions!.values.set(along.subarray(0, n));
}

let spares: [Uint32Array, Uint32Array] = [new Uint32Array(0), new Uint32Array(0)];

/** `radixSort` with room of its own, which all sorts share, since none of them waits. */
export function sortKeys(keys: Uint32Array, values?: Uint32Array): void {
  if (spares[0].length < keys.length) spares = [new Uint32Array(keys.length), spares[1]];
  if (values && spares[1].length < keys.length) spares = [spares[0], new Uint32Array(keys.length)];
  radixSort(keys, spares[0], values && { values, spare: spares[1] });
}
