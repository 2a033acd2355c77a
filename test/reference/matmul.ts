import { type Arr, zerosLike } from './arr.js';

/** op(A) op(B) over the last two axes in float64. */
export function matmul(a: Arr, b: Arr, transA: boolean, transB: boolean): Arr {
  const [r, c] = a.shape.slice(-2) as [number, number];
  const [m, k] = transA ? [c, r] : [r, c];
  const n = transB ? b.shape.at(-2)! : b.shape.at(-1)!;
  const batch = a.data.length / (m * k);
  const y = zerosLike([...a.shape.slice(0, -2), m, n]);
  for (let z = 0; z < batch; z++)
    for (let i = 0; i < m; i++)
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let l = 0; l < k; l++) {
          const x = a.data[z * m * k + (transA ? l * m + i : i * k + l)]!;
          sum += x * b.data[z * k * n + (transB ? j * k + l : l * n + j)]!;
        }
        y.data[(z * m + i) * n + j] = sum;
      }
  return y;
}
