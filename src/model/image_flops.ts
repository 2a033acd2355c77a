/** The operations of a forward pass by the sizes of a model alone. */
import type { ClipConfig } from './config.js';

/** Operations of the adapted image tower for one picture (two for each multiply-add), by its sizes alone. */
export function imageFlops(c: ClipConfig, imageSize: number, adapters: number): number {
  const patches = Math.floor(imageSize / c.patch) ** 2;
  const t = patches + 1;
  const w = c.visionWidth;
  const perBlock = 2 * t * 12 * w * w + 4 * t * t * w;
  const projections = 2 * patches * w * c.embed * (c.levels.length + 1);
  return c.visionLayers * perBlock + adapters * 2 * t * w * w + projections + 2 * patches * w * 3 * c.patch ** 2;
}
