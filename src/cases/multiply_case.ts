import { multiply } from '../ops/multiply.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass, times } from './op_case.js';

/** a b, element by element: the overlap of the anchors of every class. */
export const multiplyCase: OpCase<{ a: Tensor; b: Tensor }> = {
  name: 'multiply',
  run: ({ a, b }) => multiply(a, b),
  sizes: ({ texts, embed }) => {
    const shape = [texts, embed];
    return [
      {
        name: times(...shape),
        inputs: { a: { shape }, b: { shape } },
        forward: pass(1, shape, shape, shape),
        backward: pass(2, shape, shape, shape, shape, shape),
      },
    ];
  },
};
