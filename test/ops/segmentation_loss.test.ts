import { expect, it } from 'vitest';
import { segmentationLossCase } from '../../src/cases/segmentation_loss_case.js';
import { segmentationLoss } from '../../src/ops/segmentation_loss.js';
import { upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { testCase } from '../op_harness.js';
import { arr } from '../reference/arr.js';
import { segmentationLoss as reference } from '../reference/segmentation_loss.js';

// Grids of one point, as large as the mask, and smaller; masks one either side of a strip of 64 pixels.
for (const [batch, grid, size] of [
  [1, 1, 1],
  [2, 3, 8],
  [1, 4, 9],
  [3, 5, 5],
  [2, 4, 33],
] as const) {
  const noise = arr([batch, 1, size, size], 'mask');
  testCase(segmentationLossCase, {
    name: `segmentationLoss of ${batch} grids ${grid}x${grid} on masks ${size}x${size}`,
    inputs: {
      s: arr([batch, 2, grid, grid], 's', 2),
      mask: { shape: noise.shape, data: noise.data.map((v) => (v > 0.8 ? 1 : 0)) },
    },
    reference: ({ s, mask }) => reference(s, mask),
  });
}

testCase(segmentationLossCase, {
  name: 'segmentationLoss of saturated similarities',
  inputs: {
    s: arr([1, 2, 4, 4], 's', 60),
    mask: { shape: [1, 1, 12, 12], data: arr([144], 'm').data.map((v) => (v > 1 ? 1 : 0)) },
  },
  reference: ({ s, mask }) => reference(s, mask),
  forwardOnly: true,
});

it('segmentationLoss names both shapes when they do not fit', async () => {
  const gpu = await device();
  using s = upload(gpu, new Float32Array(8), [1, 2, 2, 2]);
  using mask = upload(gpu, new Float32Array(9), [1, 1, 3, 3]);
  using wrong = upload(gpu, new Float32Array(9), [1, 3, 3, 1]);
  expect(() => segmentationLoss(s, wrong)).toThrow('got [1, 2, 2, 2] and [1, 3, 3, 1]');
  segmentationLoss(s, mask).release();
});
