import { activate as activateOne } from './activation.js';
import type { Arr } from './arr.js';
import { split } from './shape.js';

export function activate(x: Arr, kind: 'gelu' | 'quickgelu' | 'leaky_relu'): Arr {
  return { shape: x.shape, data: x.data.map((v) => activateOne(v, kind)) };
}

/** alpha a + beta b, b repeated. */
export function combine(a: Arr, alpha: number, b: Arr, beta: number): Arr {
  return { shape: a.shape, data: a.data.map((v, i) => alpha * v + beta * b.data[i % b.data.length]!) };
}

/** a b, b repeated. */
export function multiply(a: Arr, b: Arr): Arr {
  return { shape: a.shape, data: a.data.map((v, i) => v * b.data[i % b.data.length]!) };
}

/** factor times the sum along an axis. */
export function sum(x: Arr, axis: number, factor = 1): Arr {
  const [outer, length, inner] = split(x.shape, axis);
  const data = new Float64Array(outer * inner);
  for (let o = 0; o < outer; o++)
    for (let l = 0; l < length; l++)
      for (let i = 0; i < inner; i++) data[o * inner + i]! += factor * x.data[(o * length + l) * inner + i]!;
  return { shape: x.shape.toSpliced(axis, 1), data };
}

export function softmax(x: Arr, axis: number): Arr {
  const [outer, length, inner] = split(x.shape, axis);
  const data = new Float64Array(x.data.length);
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) {
      const at = (l: number) => (o * length + l) * inner + i;
      let top = Number.NEGATIVE_INFINITY;
      for (let l = 0; l < length; l++) top = Math.max(top, x.data[at(l)]!);
      let total = 0;
      for (let l = 0; l < length; l++) total += Math.exp(x.data[at(l)]! - top);
      for (let l = 0; l < length; l++) data[at(l)] = Math.exp(x.data[at(l)]! - top) / total;
    }
  return { shape: x.shape, data };
}
