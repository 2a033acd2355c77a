/** The device that counts: it takes as many buffers as a real one, and computes nothing. */
import { expect, it } from 'vitest';
import type { Gpu } from '../../src/gpu/gpu.js';
import { FrozenMatrix } from '../../src/kernels/frozen_matrix.js';
import { openGpu } from '../../src/node/device.js';
import { linear } from '../../src/ops/linear.js';
import { empty, read, tidy, upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';

/** Products with a weight; gives the peak of the pool. */
async function work(gpu: Gpu): Promise<number> {
  using w = FrozenMatrix.pack(gpu, new Float32Array(96 * 64).fill(0.5), 96, 64, true);
  using x = upload(gpu, new Float32Array(200 * 64).fill(1), [200, 64]);
  using y = tidy(() => linear(x, w));
  tidy(() => void linear(x, w));
  const values = await read(y);
  expect(values).toEqual(new Float32Array(200 * 96).fill(gpu.counts ? 0 : 32));
  return gpu.pool.peak;
}

it('counts the buffers of the device it stands for, with the same kernels', async () => {
  using real = await openGpu();
  using counting = real.counting();
  expect(await work(counting)).toBe(await work(real));
  expect(counting.kernels.labels).toEqual(real.kernels.labels);
  expect(counting.dispatches).toBe(real.dispatches);
  expect(counting.pool.allocated).toBe(real.pool.allocated);
});

it('may have other traits, and then chooses other kernels', async () => {
  const gpu = (await device()).counting({
    traits: { barriersAreExpensive: false, subgroupSize: 0, matrixShapes: [] },
  });
  expect(gpu.kernels.labels).toEqual([]);
  await work(gpu);
  expect(gpu.kernels.labels.join()).toMatch(/matmul\.(tile|block)/);
});

it('reports the same errors of size, for limits that may be given', async () => {
  const gpu = (await device()).counting({ limits: { maxStorageBufferBindingSize: 1 << 20, maxBufferSize: 1 << 22 } });
  expect(gpu.bindingLimit).toBe(1 << 20);
  using w = FrozenMatrix.pack(gpu, new Float32Array(8 * 64), 8, 64, true);
  expect(() => tidy(() => linear(empty(gpu, [(1 << 14) + 64, 16]).view([4112, 64]), w))).toThrow(
    /takes 1052672 bytes: this adapter binds at most 1048576: use a smaller batch or smaller pictures/,
  );
  expect(() => empty(gpu, [(1 << 20) + 64])).toThrow(/over this adapter's limit of 4194304: use a smaller batch/);
});
