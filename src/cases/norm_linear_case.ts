import type { Activation } from '../kernels/epilogue.js';
import { linearRows, normLinear } from '../ops/norm_linear.js';
import type { Tensor } from '../tensor/tensor.js';
import { bytesOf, type OpCase, times, together } from './op_case.js';

/**
 * A block's way from attention's result x to its hidden layer: the output projection w with the residual r, LayerNorm
 * (weight, bias), and the first layer of the MLP, v with bias b.
 */
export const normLinearCase: OpCase<
  { x: Tensor; w: Tensor; r: Tensor; weight: Tensor; bias: Tensor; v: Tensor; b: Tensor },
  { readonly activation?: Activation }
> = {
  name: 'norm_linear',
  run: ({ x, w, r, weight, bias, v, b }, { activation }) =>
    normLinear(linearRows(x, w, { residual: r }), { weight, bias }, v, { bias: b, activation }),
  sizes: ({ tokens, width, hidden }) => {
    const product = (n: number) => ({
      flops: 2 * tokens * n * width,
      bytes: bytesOf([tokens, width], [n, width], [tokens, n]),
    });
    return [
      {
        name: `after a product ${times(tokens, width, width)}, into ${times(tokens, hidden, width)}`,
        inputs: {
          x: { shape: [tokens, width] },
          w: { shape: [width, width], std: width ** -0.5 },
          r: { shape: [tokens, width] },
          weight: { shape: [width], std: 0.2, mean: 1 },
          bias: { shape: [width] },
          v: { shape: [hidden, width], std: width ** -0.5 },
          b: { shape: [hidden] },
        },
        attrs: () => ({ activation: 'gelu' }),
        forward: together(product(width), product(hidden)),
      },
    ];
  },
};
