import { resizePositional } from '../ops/positional.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass } from './op_case.js';

/** Position embeddings for another size of picture, once when a model is loaded: no gradient is ever taken. */
export const positionalCase: OpCase<{ x: Tensor }, { readonly grid: number }> = {
  name: 'positional',
  run: ({ x }, { grid }) => resizePositional(x, grid),
  sizes: ({ grid, trainedGrid, width }) => {
    const [from, to] = [
      [1 + trainedGrid ** 2, width],
      [1 + grid ** 2, width],
    ] as const;
    return [
      {
        name: `a grid of ${trainedGrid} to ${grid}, width ${width}`,
        inputs: { x: { shape: from } },
        attrs: () => ({ grid }),
        // Two passes of at most five taps, the second over the whole output.
        forward: pass(20, to, from),
      },
    ];
  },
};
