import { describe, expect, it } from 'vitest';
import { crossEntropy } from '../../src/ops/cross_entropy.js';
import { diceLoss } from '../../src/ops/dice_loss.js';
import { focalLoss } from '../../src/ops/focal_loss.js';
import { upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { testOp } from '../op_harness.js';
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
  testOp({
    name: `focal loss of ${batch} maps of ${height} by ${width}`,
    inputs: [probability([batch, 2, height, width]), mask([batch, 1, height, width], 'mask')],
    constant: [1],
    run: ([p, m]) => focalLoss(p!, m!),
    reference: ([p, m]) => reference.focalLoss(p!, m!),
  });
  testOp({
    name: `dice loss of ${batch} maps of ${height} by ${width}`,
    inputs: [probability([batch, height, width]), mask([batch, 1, height, width], 'mask')],
    run: ([p, m]) => diceLoss(p!, m!),
    reference: ([p, m]) => reference.diceLoss(p!, m!),
  });
}

testOp({
  name: 'focal loss of probabilities that are zero and one',
  inputs: [
    { shape: [1, 2, 1, 4], data: Float64Array.of(0, 1, 0, 1, 1, 0, 1, 0) },
    { shape: [1, 1, 1, 4], data: Float64Array.of(0, 0, 1, 1) },
  ],
  run: ([p, m]) => focalLoss(p!, m!),
  reference: ([p, m]) => reference.focalLoss(p!, m!),
  forwardOnly: true,
});

for (const [batch, classes] of [
  [1, 1],
  [3, 2],
  [65, 5],
] as const) {
  const labels = Uint32Array.from({ length: batch }, (_, i) => (i * 7 + 1) % classes);
  testOp({
    name: `cross entropy of ${batch} rows of ${classes}`,
    inputs: [arr([batch, classes], 'logits', 2)],
    run: ([x]) => crossEntropy(x!, labels),
    reference: ([x]) => reference.crossEntropy(x!, labels),
  });
}

testOp({
  name: 'cross entropy of logits of 10000',
  inputs: [arr([7, 5], 'logits', 1e4)],
  run: ([x]) => crossEntropy(x!, Uint32Array.of(0, 1, 2, 3, 4, 0, 1)),
  reference: ([x]) => reference.crossEntropy(x!, [0, 1, 2, 3, 4, 0, 1]),
  forwardOnly: true,
});

describe('losses', () => {
  it('name a label that is no class', async () => {
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
