import { residualAdapter } from '../ops/adapter_mix.js';
import type { Tensor } from '../tensor/tensor.js';
import { bytesOf, type OpCase, pass, times, together } from './op_case.js';

/** A residual adapter as it is trained: its linear layer, then the mix. */
export const residualAdapterCase: OpCase<{ x: Tensor; w: Tensor }, { readonly mix: number }> = {
  name: 'adapter_mix',
  run: ({ x, w }, { mix }) => residualAdapter(x, w, mix),
  sizes: ({ tokens, width }) => {
    const [x, w] = [
      [tokens, width],
      [width, width],
    ];
    const product = { flops: 2 * tokens * width * width, bytes: bytesOf(x, w, x) };
    return [
      {
        name: `with its linear layer ${times(tokens, width, width)}`,
        inputs: { x: { shape: x }, w: { shape: w, std: width ** -0.5 } },
        attrs: () => ({ mix: 0.1 }),
        forward: together(product, pass(10, x, x, x)),
        backward: together(product, product, pass(20, x, x, x, x, x)),
      },
    ];
  },
};
