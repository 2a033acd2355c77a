/** Measures what an adapter can do at best: the yardstick of the benchmark, not a part of the model. */
import type { Gpu } from '../gpu/gpu.js';
import type { MatrixShape } from '../gpu/traits.js';
import { empty, type Tensor, tidy, upload } from '../tensor/tensor.js';

/** Records multiply-adds without memory traffic; returns how many floating-point operations they are. */
export function multiplyAddCeiling(gpu: Gpu, turns: number, threads = 1 << 16): number {
  const flops = threads * turns * 8 * 12 * 2;
  tidy(() => {
    const y = empty(gpu, [threads]);
    gpu.dispatch({
      kernel: 'ceiling_multiply_add',
      params: { size: threads, turns, factor: 0.9999 },
      buffers: { y },
      threads,
      flops,
    });
  });
  return flops;
}

/** Threads of a workgroup of the kernel below, and the places of the output that workgroups share. */
const THREADS = 256;
const PLACES = 64;

/**
 * Records products on matrix units without memory traffic.
 * @returns how many floating-point operations they are, and the sums [places, 8, M, N], which the caller releases
 */
export function matrixCeiling(
  gpu: Gpu,
  { m, n, k }: MatrixShape,
  turns: number,
  groups = 1024,
): { readonly flops: number; readonly sums: Tensor } {
  const { subgroupSize } = gpu.traits;
  const subgroups = THREADS / subgroupSize;
  const flops = groups * subgroups * turns * 4 * 8 * 2 * m * n * k;
  const sums = tidy(() => {
    // Every value is 0.25: products stay small, and no unit can skip them.
    const x = upload(
      gpu,
      new Uint32Array((Math.max(m, n) * k) / 2).fill(0x34003400),
      [(Math.max(m, n) * k) / 2],
      'packed',
    );
    const y = empty(gpu, [PLACES * subgroups, 8, m, n]);
    gpu.dispatch({
      kernel: 'ceiling_matrix',
      knobs: { THREADS, SG: subgroupSize, MM: m, MN: n, MK: k },
      params: { turns },
      buffers: { x, y },
      workgroups: groups,
      flops,
    });
    return y;
  });
  return { flops, sums };
}

/** Records a copy of a buffer by the device's own command; returns the bytes read and written. */
export function copyCeiling(gpu: Gpu, from: Tensor, to: Tensor): number {
  gpu.copy(from.storage, from.offset, to.storage, to.offset, from.bytes);
  return 2 * from.bytes;
}
