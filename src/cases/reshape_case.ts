import { reshape } from '../ops/reshape.js';
import type { Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, times } from './op_case.js';

/** Another shape over the same memory: no kernel runs and nothing is moved, so only the host's part is timed. */
export const reshapeCase: OpCase<{ x: Tensor }, { readonly shape: Shape }> = {
  name: 'reshape',
  run: ({ x }, { shape }) => reshape(x, shape),
  sizes: ({ patches, grid }) => [
    {
      name: `${times(2, patches)} to ${times(2, grid, grid)}`,
      inputs: { x: { shape: [2, patches] } },
      attrs: () => ({ shape: [2, grid, grid] }),
      forward: { flops: 0, bytes: 0 },
      backward: { flops: 0, bytes: 0 },
    },
  ],
};
