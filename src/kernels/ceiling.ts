/** Measures what an adapter can do at best: the yardstick of the benchmark, not a part of the model. */
import type { Gpu } from '../gpu/gpu.js';
import { empty, type Tensor, tidy } from '../tensor/tensor.js';

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

/** Records a copy of a buffer by the device's own command; returns the bytes read and written. */
export function copyCeiling(gpu: Gpu, from: Tensor, to: Tensor): number {
  gpu.copy(from.storage, from.offset, to.storage, to.offset, from.bytes);
  return 2 * from.bytes;
}
