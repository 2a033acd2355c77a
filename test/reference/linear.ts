import { activate } from './activation.js';
import { type Arr, zerosLike } from './arr.js';

/** act(x Wᵀ + b) + r in float64. */
export function linear(
  x: Arr,
  w: Arr,
  b?: Arr,
  r?: Arr,
  kind: 'none' | 'gelu' | 'quickgelu' | 'leaky_relu' = 'none',
): Arr {
  const [n, k] = w.shape as [number, number];
  const rows = x.data.length / k;
  const y = zerosLike([...x.shape.slice(0, -1), n]);
  for (let m = 0; m < rows; m++) {
    for (let j = 0; j < n; j++) {
      let sum = b ? b.data[j]! : 0;
      for (let i = 0; i < k; i++) sum += x.data[m * k + i]! * w.data[j * k + i]!;
      y.data[m * n + j] = activate(sum, kind) + (r ? r.data[m * n + j]! : 0);
    }
  }
  return y;
}
