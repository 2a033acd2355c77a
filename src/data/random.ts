/**
 * Random numbers as a function of their purpose: seed, stream, epoch, index. There is no hidden state to save, and a
 * resumed run draws the same numbers as an uninterrupted one.
 *
 * The generator is Threefry-2x32 with 20 rounds (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011).
 */

/** Two 32-bit words. */
export type Words = readonly [number, number];

const ROTATIONS = [
  [13, 15, 26, 6],
  [17, 29, 16, 24],
] as const;
const PARITY = 0x1bd11bda;

/** The cipher's block for a counter and a key; words are unsigned. */
export function threefry([k0, k1]: Words, [c0, c1]: Words): Words {
  const keys = [k0 | 0, k1 | 0, PARITY ^ k0 ^ k1] as const;
  let a = (c0 + k0) | 0;
  let b = (c1 + k1) | 0;
  for (let group = 0; group < 5; group++) {
    for (const r of ROTATIONS[group % 2]!) {
      a = (a + b) | 0;
      b = ((b << r) | (b >>> (32 - r))) ^ a;
    }
    a = (a + keys[(group + 1) % 3]!) | 0;
    b = (b + keys[(group + 2) % 3]! + group + 1) | 0;
  }
  return [a >>> 0, b >>> 0];
}

/** 32-bit FNV-1a of a name's UTF-8 bytes. */
function hashOf(name: string): number {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) h = Math.imul(h ^ byte, 0x01000193);
  return h >>> 0;
}

/** The purpose of the random numbers. */
export interface DrawPurpose {
  /** A whole number of 0 or more. */
  readonly seed: number;
  /** Names the use, so that two uses of one seed have nothing in common. */
  readonly stream: string;
  readonly epoch?: number;
  readonly index?: number;
}

/** A sequence of random numbers; the n-th number depends on the purpose and n only. */
export class Draws {
  readonly #key: Words;
  #count = 0;

  /** @throws when the seed is not a whole number of 0 or more */
  constructor({ seed, stream, epoch = 0, index = 0 }: DrawPurpose) {
    if (!Number.isSafeInteger(seed) || seed < 0) {
      throw new Error(`seed: expected a whole number of 0 or more, got ${seed}`);
    }
    const seedKey = threefry([seed >>> 0, Math.floor(seed / 2 ** 32)], [hashOf(stream), 0]);
    this.#key = threefry(seedKey, [epoch, index]);
  }

  /** Uniform in [0, 1), 53 bits. */
  uniform(): number {
    const [high, low] = threefry(this.#key, [this.#count++, 0]);
    return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53;
  }

  /** Uniform in [from, to). */
  between(from: number, to: number): number {
    return from + (to - from) * this.uniform();
  }

  /** A whole number of 0 to n - 1. */
  below(n: number): number {
    return Math.floor(n * this.uniform());
  }
}
