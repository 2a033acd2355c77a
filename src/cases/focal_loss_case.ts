import { focalLoss } from '../ops/focal_loss.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass, times } from './op_case.js';

/** Focal loss of a map at the size of the picture. */
export const focalLossCase: OpCase<{ p: Tensor; mask: Tensor }> = {
  name: 'focal_loss',
  constant: ['mask'],
  run: ({ p, mask }) => focalLoss(p, mask),
  sizes: ({ picture }) => {
    const [map, mask] = [
      [1, 2, picture, picture],
      [1, 1, picture, picture],
    ] as const;
    return [
      {
        name: times(...map),
        inputs: { p: { shape: map, std: 0.28, mean: 0.5 }, mask: { shape: mask, values: 'mask' } },
        forward: pass(8, map, mask),
        backward: pass(10, map, mask, map),
      },
    ];
  },
};
