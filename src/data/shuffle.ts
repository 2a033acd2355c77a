/** The order of the samples in an epoch. */
import { Draws } from './random.js';

/**
 * The progress of a run, which is all that has to be saved about the order. A run resumed at `batch` of `epoch`
 * continues as if it had never stopped.
 */
export interface ShufflePosition {
  readonly seed: number;
  readonly epoch: number;
  /** Batches of the epoch that are done. */
  readonly batch: number;
}

/** A permutation of 0 to count - 1, all equally likely (Fisher and Yates); a function of seed and epoch. */
export function epochOrder(count: number, seed: number, epoch: number): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  const draws = new Draws({ seed, stream: 'shuffle', epoch });
  for (let i = count - 1; i > 0; i--) {
    const j = draws.below(i + 1);
    const moved = order[i]!;
    order[i] = order[j]!;
    order[j] = moved;
  }
  return order;
}

/** Cuts an order into batches; the last batch is smaller where the count is not a multiple of the size. */
export function batchesOf(order: Uint32Array, size: number): Uint32Array[] {
  if (!Number.isInteger(size) || size < 1)
    throw new Error(`batch size: expected a whole number of at least 1, got ${size}`);
  return Array.from({ length: Math.ceil(order.length / size) }, (_, i) => order.subarray(i * size, (i + 1) * size));
}

/** The batches an epoch still has to do: indices of samples. */
export function remainingBatches(count: number, size: number, { seed, epoch, batch }: ShufflePosition): Uint32Array[] {
  return batchesOf(epochOrder(count, seed, epoch), size).slice(batch);
}
