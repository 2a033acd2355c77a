import { combine } from '../ops/add.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass, times } from './op_case.js';

/** alpha a + beta b: residuals and the sums of gradients have equal shapes, positions are added to every text. */
export const addCase: OpCase<{ a: Tensor; b: Tensor }, { readonly alpha: number; readonly beta: number }> = {
  name: 'add',
  run: ({ a, b }, { alpha, beta }) => combine(a, alpha, b, beta),
  sizes: ({ tokens, width, texts, context, textWidth }) => {
    const size = (a: readonly number[], b: readonly number[]) => ({
      name: `${times(...a)} + ${times(...b)}`,
      inputs: { a: { shape: a }, b: { shape: b } },
      // Factors other than 1, since with 1 a gradient is the cotangent itself.
      attrs: () => ({ alpha: 2, beta: 0.5 }),
      forward: pass(3, a, a, b),
      backward: pass(2, a, a, a, b),
    });
    return [size([tokens, width], [tokens, width]), size([texts, context, textWidth], [context, textWidth])];
  },
};
