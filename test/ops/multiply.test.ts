import { expect, it } from 'vitest';
// Adds up the cotangents of a tensor used twice.
import '../../src/ops/add.js';
import { multiplyCase } from '../../src/cases/multiply_case.js';
import { multiply } from '../../src/ops/multiply.js';
import { mean, sum } from '../../src/ops/reduce.js';
import { upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { testCase, testOp } from '../op_harness.js';
import { arr } from '../reference/arr.js';
import { multiply as reference, sum as referenceSum } from '../reference/elementwise.js';

for (const [a, b] of [
  [[1], [1]],
  [[4, 65], [65]],
  [
    [3, 5, 7],
    [5, 7],
  ],
  [
    [2, 31],
    [2, 31],
  ],
  [[2, 3], []],
] as const) {
  testCase(multiplyCase, {
    name: `[${a}] times [${b}]`,
    inputs: { a: arr(a, 'a'), b: arr(b, 'b') },
    reference: (x) => reference(x.a, x.b),
  });
}

testOp({
  name: 'the square of a mean of dot products',
  inputs: [arr([3, 19], 'a'), arr([3, 19], 'b')],
  run: ([x, y]) => {
    const dots = mean(sum(multiply(x!, y!), 1), 0);
    return multiply(dots, dots);
  },
  reference: ([x, y]) => {
    const dots = referenceSum(referenceSum(reference(x!, y!), 1), 0, 1 / 3);
    return reference(dots, dots);
  },
});

it('multiply names the shapes when b is not the last axes of a', async () => {
  const gpu = await device();
  using a = upload(gpu, new Float32Array(3), [3]);
  using b = upload(gpu, new Float32Array(6), [2, 3]);
  expect(() => multiply(a, b)).toThrow('multiply: expected b to be [3] or its last axes, got [2, 3]');
});
