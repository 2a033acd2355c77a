import { type Arr, zerosLike } from './arr.js';

/** x / max(|x|, 1e-12) along the last axis in float64. */
export function l2Normalize(x: Arr): Arr {
  const d = x.shape.at(-1)!;
  const y = zerosLike(x.shape);
  for (let at = 0; at < x.data.length; at += d) {
    let squares = 0;
    for (let i = 0; i < d; i++) squares += x.data[at + i]! ** 2;
    const length = Math.max(Math.sqrt(squares), 1e-12);
    for (let i = 0; i < d; i++) y.data[at + i] = x.data[at + i]! / length;
  }
  return y;
}
