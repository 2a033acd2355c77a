import { activate } from './activation.js';
import { type Arr, zerosLike } from './arr.js';

/** mix |x| a / |a| + (1 - mix) x with a = LeakyReLU(z), lengths along the last axis, in float64. */
export function adapterMix(x: Arr, z: Arr, mix: number): Arr {
  const d = x.shape.at(-1)!;
  const y = zerosLike(x.shape);
  for (let at = 0; at < x.data.length; at += d) {
    let xx = 0;
    let aa = 0;
    for (let i = 0; i < d; i++) {
      xx += x.data[at + i]! ** 2;
      aa += activate(z.data[at + i]!, 'leaky_relu') ** 2;
    }
    for (let i = 0; i < d; i++) {
      const a = activate(z.data[at + i]!, 'leaky_relu');
      y.data[at + i] = (mix * a * Math.sqrt(xx)) / Math.sqrt(aa) + (1 - mix) * x.data[at + i]!;
    }
  }
  return y;
}
