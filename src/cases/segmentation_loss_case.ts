import { segmentationLoss } from '../ops/segmentation_loss.js';
import type { Tensor } from '../tensor/tensor.js';
import { bytesOf, type OpCase } from './op_case.js';

/** The loss of one level, without ever writing its map. */
export const segmentationLossCase: OpCase<{ s: Tensor; mask: Tensor }> = {
  name: 'segmentation_loss',
  constant: ['mask'],
  run: ({ s, mask }) => segmentationLoss(s, mask),
  sizes: ({ grid, picture }) => {
    const [s, mask] = [
      [1, 2, grid, grid],
      [1, 1, picture, picture],
    ];
    const pixels = picture * picture;
    return [
      {
        name: `${grid} to ${picture}`,
        inputs: { s: { shape: s, std: 3 }, mask: { shape: mask, values: 'mask' } },
        forward: { flops: 40 * pixels, bytes: bytesOf(s, mask) },
        backward: { flops: 60 * pixels, bytes: bytesOf(s, mask, s) },
      },
    ];
  },
};
