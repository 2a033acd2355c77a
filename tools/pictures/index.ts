/** Inspection-like pictures drawn from a seed, with exact masks and with captions. */
export { captionsFor, vocabulary, wordsOf } from './captions.js';
export { CLASSES, type ClassInfo, findClass } from './classes.js';
export { type Appearance, SETUPS, type Setup } from './compose.js';
export { DEFECT_KINDS, type DefectKind } from './defects/index.js';
export { type PlannedPicture, planDataset } from './plan.js';
export { hashOf, Rng } from './rng.js';
export { defectsOf, drawSample, type Sample, type SampleSpec } from './sample.js';
