/** Buffers that start as NaN, so that a result shows when a kernel reads memory that was never written. */
import type { Gpu } from '../src/gpu/gpu.js';

/** Fills every buffer taken from the pool with NaN first, until it is turned off. */
export function poison(gpu: Gpu, on: boolean): void {
  gpu.pool.onTake = on
    ? (storage) => {
        const words = storage.capacity / 4;
        gpu.dispatch({
          kernel: 'fill',
          params: { size: words, word: 0x7fc00000 },
          buffers: { y: { storage, bytes: Math.min(storage.capacity, gpu.bindingLimit) } },
          threads: words,
        });
      }
    : undefined;
}
