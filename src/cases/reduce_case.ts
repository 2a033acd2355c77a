import { mean, sum } from '../ops/reduce.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass, times } from './op_case.js';

interface ReduceAttrs {
  readonly axis: number;
  readonly mean: boolean;
}

/** Sums and means along an axis: the gradient of a bias, and the mean of the patches that gives an image's score. */
export const reduceCase: OpCase<{ x: Tensor }, ReduceAttrs> = {
  name: 'reduce',
  run: ({ x }, attrs) => (attrs.mean ? mean : sum)(x, attrs.axis),
  sizes: ({ tokens, hidden, patches, embed }) => {
    const size = (x: readonly number[], attrs: ReduceAttrs) => {
      const y = x.filter((_, i) => i !== attrs.axis);
      return {
        name: `${attrs.mean ? 'mean' : 'sum'} of ${times(...x)} along axis ${attrs.axis}`,
        inputs: { x: { shape: x } },
        attrs: () => attrs,
        forward: pass(1, x, y),
        backward: pass(1, x, y),
      };
    };
    return [size([tokens, hidden], { axis: 0, mean: false }), size([1, patches, embed], { axis: 1, mean: true })];
  },
};
