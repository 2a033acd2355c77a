import { expect, it } from 'vitest';
import { add, combine } from '../../src/ops/add.js';
import { upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { testOp } from '../op_harness.js';
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
  testOp({
    name: `[${a}] + [${b}]`,
    inputs: [arr(a, 'a'), arr(b, 'b')],
    run: ([x, y]) => add(x!, y!),
    reference: ([x, y]) => reference(x!, 1, y!, 1),
  });
}

testOp({
  name: '2.5 a - 0.75 b',
  inputs: [arr([3, 21], 'a', 1, 1000), arr([21], 'b')],
  run: ([x, y]) => combine(x!, 2.5, y!, -0.75),
  reference: ([x, y]) => reference(x!, 2.5, y!, -0.75),
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
