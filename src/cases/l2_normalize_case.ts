import { l2Normalize } from '../ops/l2_normalize.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass, times } from './op_case.js';

/** Unit rows: the projected patches of a level. */
export const l2NormalizeCase: OpCase<{ x: Tensor }> = {
  name: 'l2_normalize',
  run: ({ x }) => l2Normalize(x),
  sizes: ({ patches, embed }) => {
    const shape = [patches, embed];
    return [
      {
        name: times(...shape),
        inputs: { x: { shape } },
        forward: pass(3, shape, shape),
        backward: pass(5, shape, shape, shape),
      },
    ];
  },
};
