/** Random numbers that are the same on every machine: 32-bit integer arithmetic only. */

/** Mixes the bits of a 32-bit integer (the finaliser of MurmurHash3). */
export function mixBits(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A 32-bit hash of numbers and words, in order. */
export function hashOf(...parts: readonly (number | string)[]): number {
  let h = 0x9e3779b9;
  for (const part of parts) {
    if (typeof part === 'number') h = mixBits(h ^ mixBits(part | 0) ^ mixBits(Math.floor(part / 2 ** 32)));
    else for (let i = 0; i < part.length; i++) h = mixBits(Math.imul(h, 31) + part.charCodeAt(i));
    h = mixBits(h + 0x6d2b79f5);
  }
  return h;
}

/** A stream of random numbers (sfc32). Streams forked under different labels are independent of each other. */
export class Rng {
  readonly #seed: number;
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(...seed: readonly (number | string)[]) {
    this.#seed = hashOf(...seed);
    this.#a = mixBits(this.#seed + 1);
    this.#b = mixBits(this.#seed + 2);
    this.#c = mixBits(this.#seed + 3);
    for (let i = 0; i < 8; i++) this.bits();
  }

  /** A stream that depends on this one's seed and the label, not on what was drawn so far. */
  fork(...label: readonly (number | string)[]): Rng {
    return new Rng(this.#seed, ...label);
  }

  /** 32 random bits. */
  bits(): number {
    const t = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + t;
    return t >>> 0;
  }

  /** Uniform in [0, 1). */
  next(): number {
    return this.bits() / 2 ** 32;
  }

  /** Uniform in [low, high). */
  range(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** A whole number from 0 to count - 1. */
  int(count: number): number {
    return Math.floor(this.next() * count);
  }

  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** 1 or -1. */
  sign(): 1 | -1 {
    return this.chance(0.5) ? 1 : -1;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)] as T;
  }

  /** About standard normal: the sum of four uniform numbers. */
  normal(): number {
    return (this.next() + this.next() + this.next() + this.next() - 2) * Math.sqrt(3);
  }

  /** A copy in random order. */
  shuffled<T>(list: readonly T[]): T[] {
    const copy = [...list];
    for (let i = copy.length - 1; i > 0; i--) {
      const j = this.int(i + 1);
      [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
    }
    return copy;
  }
}
