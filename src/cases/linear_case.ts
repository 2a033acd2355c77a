import type { Activation } from '../kernels/epilogue.js';
import { linear } from '../ops/linear.js';
import type { Tensor } from '../tensor/tensor.js';
import { bytesOf, type OpCase, times } from './op_case.js';

/** A linear layer whose weight is trained: the adapters', and the projections of a level. */
export const linearCase: OpCase<
  { x: Tensor; w: Tensor; b?: Tensor; r?: Tensor },
  { readonly activation?: Activation }
> = {
  name: 'linear',
  run: ({ x, w, b, r }, { activation }) => linear(x, w, { bias: b, residual: r, activation }),
  sizes: ({ tokens, patches, width, embed }) =>
    (
      [
        [tokens, width, width],
        [patches, embed, width],
      ] as const
    ).map(([m, n, k]) => {
      const product = { flops: 2 * m * n * k, bytes: bytesOf([m, k], [n, k], [m, n]) };
      return {
        name: `${times(m, n, k)} trainable`,
        inputs: { x: { shape: [m, k] }, w: { shape: [n, k], std: k ** -0.5 } },
        attrs: () => ({}),
        forward: product,
        backward: { flops: 2 * product.flops, bytes: 2 * product.bytes },
      };
    }),
};
