import { expect, it } from 'vitest';
import { matmulCase } from '../../src/cases/matmul_case.js';
import { packF16, unpackF16 } from '../../src/io/dtype.js';
import { matmul } from '../../src/ops/matmul.js';
import { read, upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { testCase } from '../op_harness.js';
import { arr } from '../reference/arr.js';
import { matmul as reference } from '../reference/matmul.js';

for (const transA of [false, true]) {
  for (const transB of [false, true]) {
    const [m, k, n] = [17, 11, 26];
    testCase(matmulCase, {
      name: `matmul in batches of 3, transA ${transA}, transB ${transB}`,
      inputs: { a: arr(transA ? [3, k, m] : [3, m, k], 'a'), b: arr(transB ? [3, n, k] : [3, k, n], 'b') },
      attrs: () => ({ transA, transB }),
      reference: ({ a, b }) => reference(a, b, transA, transB),
    });
  }
}

testCase(matmulCase, {
  name: 'matmul of a row by a column',
  inputs: { a: arr([1, 67], 'a'), b: arr([67, 1], 'b') },
  attrs: () => ({}),
  reference: ({ a, b }) => reference(a, b, false, false),
});

it('matmul names both shapes when they do not fit', async () => {
  const gpu = await device();
  using a = upload(gpu, new Float32Array(6), [2, 3]);
  using b = upload(gpu, new Float32Array(8), [2, 4]);
  expect(() => matmul(a, b)).toThrow('got [2, 3] and [2, 4]');
});

it('rounds the second factor to f16 where that is allowed, and only there', async () => {
  const gpu = await device('best');
  const third = new Float32Array(64).fill(1 / 3);
  using a = upload(gpu, new Float32Array(64).fill(1 / 64), [1, 64]);
  using b = upload(gpu, third, [64, 1]);
  const product = async (roundProducts: boolean): Promise<number> => {
    using c = matmul(a, b, { roundProducts });
    return (await read(c))[0]!;
  };
  const exact = await product(false);
  const rounded = await product(true);
  expect(exact).toBeCloseTo(1 / 3, 6);
  expect(rounded).toBeCloseTo(unpackF16(packF16(third))[0]!, 6);
  expect(rounded).not.toBeCloseTo(1 / 3, 6);
});
