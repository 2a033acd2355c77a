import { type Arr, zerosLike } from './arr.js';

/** Layer normalisation along the last axis in float64, of tokens skip .. skip + take - 1 of every sequence. */
export function layerNorm(x: Arr, weight: Arr, bias: Arr, eps = 1e-5, skip = 0, take?: number): Arr {
  const d = x.shape.at(-1)!;
  const tokens = x.shape.at(-2) ?? 1;
  const count = take ?? tokens - skip;
  const sequences = x.data.length / d / tokens;
  const y = zerosLike(x.shape.length > 1 ? [...x.shape.slice(0, -2), count, d] : x.shape);
  for (let s = 0; s < sequences; s++) {
    for (let t = 0; t < count; t++) {
      const from = (s * tokens + skip + t) * d;
      let mean = 0;
      for (let i = 0; i < d; i++) mean += x.data[from + i]! / d;
      let variance = 0;
      for (let i = 0; i < d; i++) variance += (x.data[from + i]! - mean) ** 2 / d;
      for (let i = 0; i < d; i++) {
        const n = (x.data[from + i]! - mean) / Math.sqrt(variance + eps);
        y.data[(s * count + t) * d + i] = n * weight.data[i]! + bias.data[i]!;
      }
    }
  }
  return y;
}
