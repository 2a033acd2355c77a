import { adapterMix } from '../ops/adapter_mix.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass, times } from './op_case.js';

/** The residual adapter's mix after its linear layer; in both towers. */
export const adapterMixCase: OpCase<{ x: Tensor; z: Tensor }, { readonly mix: number }> = {
  name: 'adapter_mix',
  run: ({ x, z }, { mix }) => adapterMix(x, z, mix),
  sizes: ({ tokens, width, texts, context, textWidth }) =>
    [
      [tokens, width],
      [texts * context, textWidth],
    ].map((shape) => ({
      name: times(...shape),
      inputs: { x: { shape }, z: { shape } },
      attrs: () => ({ mix: 0.1 }),
      forward: pass(10, shape, shape, shape),
      backward: pass(20, shape, shape, shape, shape, shape),
    })),
};
