import { expect, it } from 'vitest';
import { reduceCase } from '../../src/cases/reduce_case.js';
import { sum, sumRows } from '../../src/ops/reduce.js';
import { upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { testCase, testOp } from '../op_harness.js';
import { arr } from '../reference/arr.js';
import { sum as reference } from '../reference/elementwise.js';

// From 128 on an axis is summed in parts, which need not divide it.
for (const [shape, axis] of [
  [[1], 0],
  [[3, 5, 7], 0],
  [[3, 65, 2], 1],
  [[2, 127], 1],
  [[131, 3], 0],
  [[2, 331, 3], 1],
] as const) {
  testCase(reduceCase, {
    name: `sum of [${shape}] along axis ${axis}`,
    inputs: { x: arr(shape, 'x') },
    attrs: () => ({ axis, mean: false }),
    reference: ({ x }) => reference(x, axis),
  });
}

testCase(reduceCase, {
  name: 'mean of rows of mean 1000',
  inputs: { x: arr([5, 193], 'x', 1, 1000) },
  attrs: () => ({ axis: 1, mean: true }),
  reference: ({ x }) => reference(x, 1, 1 / 193),
});

testOp({
  name: 'column sums over several axes',
  inputs: [arr([3, 43, 5], 'x')],
  run: ([x]) => sumRows(x!),
  reference: ([x]) => reference({ shape: [129, 5], data: x!.data }, 0),
  forwardOnly: true,
});

it('sum names an axis that does not exist', async () => {
  const gpu = await device();
  using x = upload(gpu, new Float32Array(6), [2, 3]);
  expect(() => sum(x, 2)).toThrow('axis 2 of [2, 3] does not exist');
});
