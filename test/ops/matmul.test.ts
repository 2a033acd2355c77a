import { expect, it } from 'vitest';
import { matmul } from '../../src/ops/matmul.js';
import { upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { testOp } from '../op_harness.js';
import { arr } from '../reference/arr.js';
import { matmul as reference } from '../reference/matmul.js';

for (const transA of [false, true]) {
  for (const transB of [false, true]) {
    const [m, k, n] = [17, 11, 26];
    testOp({
      name: `matmul in batches of 3, transA ${transA}, transB ${transB}`,
      inputs: [arr(transA ? [3, k, m] : [3, m, k], 'a'), arr(transB ? [3, n, k] : [3, k, n], 'b')],
      run: ([a, b]) => matmul(a!, b!, { transA, transB }),
      reference: ([a, b]) => reference(a!, b!, transA, transB),
    });
  }
}

testOp({
  name: 'matmul of a row by a column',
  inputs: [arr([1, 67], 'a'), arr([67, 1], 'b')],
  run: ([a, b]) => matmul(a!, b!),
  reference: ([a, b]) => reference(a!, b!, false, false),
});

it('matmul names both shapes when they do not fit', async () => {
  const gpu = await device();
  using a = upload(gpu, new Float32Array(6), [2, 3]);
  using b = upload(gpu, new Float32Array(8), [2, 4]);
  expect(() => matmul(a, b)).toThrow('got [2, 3] and [2, 4]');
});
