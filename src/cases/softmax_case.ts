import { softmax } from '../ops/softmax.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass, times } from './op_case.js';

/** Softmax over the two channels of a map. */
export const softmaxCase: OpCase<{ x: Tensor }, { readonly axis: number }> = {
  name: 'softmax',
  run: ({ x }, { axis }) => softmax(x, axis),
  sizes: ({ picture }) => {
    const shape = [1, 2, picture, picture];
    return [
      {
        name: `${times(...shape)} along axis 1`,
        inputs: { x: { shape, std: 3 } },
        attrs: () => ({ axis: 1 }),
        forward: pass(4, shape, shape),
        backward: pass(4, shape, shape, shape),
      },
    ];
  },
};
