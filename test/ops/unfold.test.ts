import { expect, it } from 'vitest';
import { unfoldCase } from '../../src/cases/unfold_case.js';
import { linear } from '../../src/ops/linear.js';
import { reshape } from '../../src/ops/reshape.js';
import { unfold } from '../../src/ops/unfold.js';
import { upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { testCase, testOp } from '../op_harness.js';
import { arr } from '../reference/arr.js';
import { convolve, unfold as reference } from '../reference/unfold.js';

for (const [shape, side] of [
  [[1, 1, 1, 1], 1],
  [[2, 3, 6, 9], 3],
  [[1, 3, 11, 8], 5],
] as const) {
  testCase(unfoldCase, {
    name: `[${shape}] in patches of ${side}`,
    inputs: { x: arr(shape, 'x') },
    attrs: () => ({ patch: side }),
    reference: ({ x }) => reference(x, side),
  });
}

// The rim beyond the last whole patch is ignored.
testOp({
  name: 'a convolution as a linear layer of patches',
  inputs: [arr([2, 3, 9, 10], 'x'), arr([5, 3, 4, 4], 'w', 0.3)],
  run: ([x, w]) => linear(unfold(x!, 4), reshape(w!, [5, 48])),
  reference: ([x, w]) => convolve(x!, w!),
});

it('unfold names a picture smaller than a patch', async () => {
  const gpu = await device();
  using x = upload(gpu, new Float32Array(36), [1, 3, 4, 3]);
  expect(() => unfold(x, 4)).toThrow('unfold: expected [B, C, H, W] of at least one 4 x 4 patch, got [1, 3, 4, 3]');
});
