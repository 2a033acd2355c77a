import { describe, expect, it } from 'vitest';
import { crossEntropyCase } from '../../src/cases/cross_entropy_case.js';
import { diceLossCase } from '../../src/cases/dice_loss_case.js';
import { focalLossCase } from '../../src/cases/focal_loss_case.js';
import { crossEntropy } from '../../src/ops/cross_entropy.js';
import { diceLoss } from '../../src/ops/dice_loss.js';
import { focalLoss } from '../../src/ops/focal_loss.js';
import { upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { testCase } from '../op_harness.js';
import { type Arr, arr } from '../reference/arr.js';
import * as reference from '../reference/losses.js';

/** Zeros and ones, a third of them ones. */
function mask(shape: readonly number[], name: string): Arr {
  const { data } = arr(shape, name);
  return { shape, data: data.map((v) => (v > 0.6 ? 1 : 0)) };
}

const probability = (shape: readonly number[]): Arr => arr(shape, 'probability', 0.27, 0.5);

// 97 x 67 pixels are summed in parts of 64 and 65.
for (const [batch, height, width] of [
  [1, 1, 1],
  [3, 5, 13],
  [1, 97, 67],
] as const) {
  testCase(focalLossCase, {
    name: `focal loss of ${batch} maps of ${height} by ${width}`,
    inputs: { p: probability([batch, 2, height, width]), mask: mask([batch, 1, height, width], 'mask') },
    reference: ({ p, mask }) => reference.focalLoss(p, mask),
  });
  testCase(diceLossCase, {
    name: `dice loss of ${batch} maps of ${height} by ${width}`,
    inputs: { p: probability([batch, height, width]), mask: mask([batch, 1, height, width], 'mask') },
    reference: ({ p, mask }) => reference.diceLoss(p, mask),
  });
}

testCase(focalLossCase, {
  name: 'focal loss of probabilities that are zero and one',
  inputs: {
    p: { shape: [1, 2, 1, 4], data: Float64Array.of(0, 1, 0, 1, 1, 0, 1, 0) },
    mask: { shape: [1, 1, 1, 4], data: Float64Array.of(0, 0, 1, 1) },
  },
  reference: ({ p, mask }) => reference.focalLoss(p, mask),
  forwardOnly: true,
});

for (const [batch, classes] of [
  [1, 1],
  [3, 2],
  [65, 5],
] as const) {
  const labels = Uint32Array.from({ length: batch }, (_, i) => (i * 7 + 1) % classes);
  testCase(crossEntropyCase, {
    name: `cross entropy of ${batch} rows of ${classes}`,
    inputs: { x: arr([batch, classes], 'logits', 2) },
    attrs: () => ({ labels }),
    reference: ({ x }) => reference.crossEntropy(x, labels),
  });
}

testCase(crossEntropyCase, {
  name: 'cross entropy of logits of 10000',
  inputs: { x: arr([7, 5], 'logits', 1e4) },
  attrs: () => ({ labels: Uint32Array.of(0, 1, 2, 3, 4, 0, 1) }),
  reference: ({ x }) => reference.crossEntropy(x, [0, 1, 2, 3, 4, 0, 1]),
  forwardOnly: true,
});

describe('losses', () => {
  it('name a label without a class', async () => {
    const gpu = await device();
    using x = upload(gpu, new Float32Array(6), [3, 2]);
    expect(() => crossEntropy(x, Uint32Array.of(0, 2, 1))).toThrow(
      'crossEntropy: label 2 at place 1: expected less than 2 classes',
    );
    expect(() => crossEntropy(x, Uint32Array.of(0, 1))).toThrow('expected logits [2, C] for the labels, got [3, 2]');
  });

  it('name shapes that do not fit', async () => {
    const gpu = await device();
    using p = upload(gpu, new Float32Array(16), [2, 2, 2, 2]);
    using m = upload(gpu, new Float32Array(8), [2, 2, 2]);
    expect(() => focalLoss(p, m)).toThrow('got [2, 2, 2, 2] and [2, 2, 2]');
    expect(() => diceLoss(p, m)).toThrow('diceLoss: expected prob and target of one size and batch');
  });
});
