/** The pictures that the embedded adapters are trained on. */
import { CLASSES, type PlannedPicture, planDataset } from '../pictures/index.js';
import { halves } from './halves.js';
import { SIZE } from './held_out.js';

/** Pictures per class, and the seed. */
export const ADAPTATION = { normal: 24, anomalous: 30, seed: 11 } as const;

/** Stage one sees every sixth picture of the list, stage two every second: more did not help. */
export const EVERY = { text: 6, image: 2 } as const;

/** The pictures of stage two, in the order of its list. */
export function stageTwoPictures(): PlannedPicture[] {
  const planned = planDataset({ classes: halves(CLASSES).adaptation, train: 0, size: SIZE, ...ADAPTATION });
  return planned.filter((_, i) => i % EVERY.image === 0);
}
