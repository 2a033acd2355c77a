import { expect, it } from 'vitest';
import { copyCeiling, multiplyAddCeiling } from '../../src/kernels/ceiling.js';
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
