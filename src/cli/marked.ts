/** What masks, outlines and regions are made from. */
import type { Detection } from '../detect/detection.js';
import type { ScoreMap } from '../detect/share_map.js';

export interface Marked {
  readonly map: ScoreMap;
  /** Pixels with this value or more are marked. */
  readonly threshold: number;
}

/** Where `--pixel_threshold` says, else where a calibration finds a picture faulty; undefined without both. */
export function markedBy({ map, decision }: Detection, pixelThreshold: number | undefined): Marked | undefined {
  if (pixelThreshold !== undefined) return { map, threshold: pixelThreshold };
  return decision.source === 'calibration' ? { map: decision.map(), threshold: 0.5 } : undefined;
}
