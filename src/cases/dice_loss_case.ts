import { diceLoss } from '../ops/dice_loss.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass, times } from './op_case.js';

/** Dice loss of one channel of a map against the mask. */
export const diceLossCase: OpCase<{ p: Tensor; mask: Tensor }> = {
  name: 'dice_loss',
  run: ({ p, mask }) => diceLoss(p, mask),
  sizes: ({ picture }) => {
    const [map, mask] = [
      [1, picture, picture],
      [1, 1, picture, picture],
    ] as const;
    return [
      {
        name: times(...map),
        inputs: { p: { shape: map, std: 0.28, mean: 0.5 }, mask: { shape: mask, values: 'mask' } },
        forward: pass(4, map, mask),
        backward: pass(4, map, mask),
        wanted: ['p'],
      },
    ];
  },
};
