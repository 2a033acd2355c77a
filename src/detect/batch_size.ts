/** How many pictures go through the towers at a time. */
import type { AnomalyModel } from './anomaly_model.js';

/** Most pictures at a time unless the user wants more: two batches are decoded in memory, and photographs are large. */
const MOST_DECODED = 32;

/**
 * Number of pictures at a time: within the binding limit, and no more than are needed to keep the device busy.
 * @param wanted the user's choice; undefined leaves the choice to this function
 * @param option name of the option in messages
 * @throws when the user's choice is more than the adapter can hold
 */
export function chooseBatch(
  model: Pick<AnomalyModel, 'gpu' | 'config' | 'imageSize'>,
  wanted: number | undefined,
  option = 'batchSize',
): number {
  const { gpu, config, imageSize } = model;
  const tokens = Math.floor(imageSize / config.patch) ** 2 + 1;
  const widest = Math.max(4 * tokens * 4 * config.visionWidth, 4 * imageSize * imageSize * 3);
  const most = Math.max(1, Math.floor(gpu.bindingLimit / widest));
  if (wanted !== undefined && !(Number.isInteger(wanted) && wanted >= 1)) {
    throw new Error(`${option}: expected a whole number of at least 1, got ${wanted}`);
  }
  if (wanted !== undefined && wanted > most) {
    throw new Error(`${option} ${wanted}: this adapter holds at most ${most} pictures of ${imageSize} px at a time`);
  }
  const busy = Math.max(1, Math.floor(gpu.traits.tokensToFillDevice / tokens));
  return wanted ?? Math.min(most, busy, MOST_DECODED);
}
