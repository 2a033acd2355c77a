import { concat } from '../ops/concat.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass, times } from './op_case.js';

/** Any number of tensors along an axis: position embeddings are the class token's row, then the patches'. */
export const concatCase: OpCase<Readonly<Record<string, Tensor>>, { readonly axis: number }> = {
  name: 'concat',
  run: (inputs, { axis }) => concat(Object.values(inputs), axis),
  sizes: ({ patches, width }) => {
    const [first, second] = [
      [1, width],
      [patches, width],
    ];
    return [
      {
        name: `${times(...first)} and ${times(...second)}`,
        inputs: { x0: { shape: first }, x1: { shape: second } },
        attrs: () => ({ axis: 0 }),
        forward: pass(0, second, second, first, first),
        backward: pass(0, second, second, first, first),
      },
    ];
  },
};
