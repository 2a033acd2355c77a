/** Arrays in float64 for the reference implementations, and random ones that depend only on a name. */
export interface Arr {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** A small counter-based generator: the same name gives the same numbers on every machine. */
function uniforms(name: string, n: number): Float64Array {
  let seed = 2166136261;
  for (const c of name) seed = Math.imul(seed ^ c.codePointAt(0)!, 16777619);
  const out = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let h = Math.imul(i + 1, 0x9e3779b1) ^ seed;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    out[i] = ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
  }
  return out;
}

/** Uniform values with the given deviation and mean, exact in float32. */
export function arr(shape: readonly number[], name: string, std = 1, mean = 0): Arr {
  const n = shape.reduce((a, b) => a * b, 1);
  return { shape, data: uniforms(name, n).map((u) => Math.fround(mean + std * Math.sqrt(12) * (u - 0.5))) };
}

export const zerosLike = (shape: readonly number[]): Arr => ({
  shape,
  data: new Float64Array(shape.reduce((a, b) => a * b, 1)),
});
