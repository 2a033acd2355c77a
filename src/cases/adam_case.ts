import { type AdamOptions, adamStep } from '../ops/adam.js';
import type { Tensor } from '../tensor/tensor.js';
import { bytesOf, type OpCase, times } from './op_case.js';

/** One step of Adam on one weight: changes w, m and v in place and returns w. */
export const adamCase: OpCase<
  { w: Tensor; g: Tensor; m: Tensor; v: Tensor },
  { readonly step: number; readonly options: AdamOptions }
> = {
  name: 'adam',
  constant: ['w', 'g', 'm', 'v'],
  run: ({ w, g, m, v }, { step, options }) => {
    adamStep(w, g, m, v, step, options);
    return w;
  },
  sizes: ({ width }) => {
    const shape = [width, width];
    return [
      {
        name: times(...shape),
        inputs: { w: { shape }, g: { shape, std: 1e-3 }, m: { shape, std: 0 }, v: { shape, std: 0 } },
        attrs: () => ({ step: 1, options: { rate: 5e-4, beta1: 0.5, beta2: 0.999, eps: 1e-8 } }),
        forward: { flops: 14 * width * width, bytes: bytesOf(shape, shape, shape, shape, shape, shape, shape) },
      },
    ];
  },
};
