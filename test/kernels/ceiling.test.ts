import { expect, it } from 'vitest';
import { copyCeiling, matrixCeiling, multiplyAddCeiling } from '../../src/kernels/ceiling.js';
import { matrixUnit } from '../../src/kernels/matrix_units.js';
import { empty, read, upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';

it('the multiply-add ceiling counts every operation it records, in proportion to its rounds', async () => {
  const gpu = await device();
  const before = gpu.dispatches;
  expect(multiplyAddCeiling(gpu, 3, 128)).toBe(128 * 3 * 8 * 12 * 2);
  expect(multiplyAddCeiling(gpu, 6, 128)).toBe(2 * 128 * 3 * 8 * 12 * 2);
  expect(gpu.dispatches - before).toBe(2);
  await gpu.idle();
});

it('the copy ceiling copies, and counts bytes read and written', async () => {
  const gpu = await device();
  using a = upload(gpu, Float32Array.of(1, 2, 3, 4), [4]);
  using b = empty(gpu, [4]);
  expect(copyCeiling(gpu, a, b)).toBe(32);
  expect([...(await read(b))]).toEqual([1, 2, 3, 4]);
});

it('the ceiling of matrix units computes every product it counts', async () => {
  const gpu = await device();
  const shape = matrixUnit(gpu.traits);
  // Without such units nothing is dispatched: the kernel would not compile.
  if (!shape) {
    expect(gpu.traits.matrixShapes.filter((s) => s.resultComponentType === 'f32')).toEqual([]);
    return;
  }
  const { m, n, k } = shape;
  const { flops, sums } = matrixCeiling(gpu, shape, 3, 2);
  expect(flops).toBe(2 * (256 / gpu.traits.subgroupSize) * 3 * 4 * 8 * 2 * m * n * k);
  const values = await read(sums);
  // Two workgroups write: each value is a sum of 3 turns, 4 products and k terms of 0.25 * 0.25.
  const written = 2 * (256 / gpu.traits.subgroupSize) * 8 * m * n;
  expect(new Set(values.subarray(0, written))).toEqual(new Set([(3 * 4 * k) / 16]));
  sums.release();
});
