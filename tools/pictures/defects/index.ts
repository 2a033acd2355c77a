/** All kinds of defect. */
import { contamination, foreign, print } from './foreign.js';
import { crack, cut, fold, scratch } from './lines.js';
import { misplaced, missing } from './parts.js';
import type { Defect } from './site.js';
import { burn, color, dent, hole, stain, worn } from './spots.js';

/** The drawing function of each kind, by its name in folders and captions. */
export const DEFECTS = {
  scratch,
  crack,
  hole,
  stain,
  dent,
  missing,
  misplaced,
  contamination,
  color,
  cut,
  print,
  burn,
  foreign,
  worn,
  fold,
} as const satisfies Readonly<Record<string, Defect>>;

export type DefectKind = keyof typeof DEFECTS;
export const DEFECT_KINDS = Object.keys(DEFECTS) as readonly DefectKind[];
