import { expect, it } from 'vitest';
import { addCase } from '../../src/cases/add_case.js';
import { add, combine } from '../../src/ops/add.js';
import { upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { testCase, testOp } from '../op_harness.js';
import { arr } from '../reference/arr.js';
import { combine as reference } from '../reference/elementwise.js';

for (const [a, b] of [
  [[1], [1]],
  [
    [2, 3, 11],
    [2, 3, 11],
  ],
  [[4, 65], [65]],
  [
    [3, 5, 7],
    [5, 7],
  ],
  [[2, 3], []],
] as const) {
  testCase(addCase, {
    name: `[${a}] + [${b}]`,
    inputs: { a: arr(a, 'a'), b: arr(b, 'b') },
    attrs: () => ({ alpha: 1, beta: 1 }),
    reference: (x) => reference(x.a, 1, x.b, 1),
  });
}

testCase(addCase, {
  name: '2.5 a - 0.75 b',
  inputs: { a: arr([3, 21], 'a', 1, 1000), b: arr([21], 'b') },
  attrs: () => ({ alpha: 2.5, beta: -0.75 }),
  reference: ({ a, b }) => reference(a, 2.5, b, -0.75),
});

testOp({
  name: 'a tensor added to itself gets both cotangents',
  inputs: [arr([17], 'a')],
  run: ([x]) => combine(x!, 3, x!, 0.5),
  reference: ([x]) => reference(x!, 3, x!, 0.5),
});

it('add names the shapes when b is not the last axes of a', async () => {
  const gpu = await device();
  using a = upload(gpu, new Float32Array(6), [2, 3]);
  using b = upload(gpu, new Float32Array(2), [2]);
  expect(() => add(a, b)).toThrow('add: expected b to be [2, 3] or its last axes, got [2]');
});
