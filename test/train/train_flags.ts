/** Settings of a small training run, for tests. */
import { NO_CHANCES } from '../../src/train/augment_plan.js';
import type { TrainFlags } from '../../src/train/training_run.js';

export function trainFlags(changed: Partial<TrainFlags> = {}): TrainFlags {
  return {
    imageSize: 56,
    seed: 5,
    shape: { textUntil: 2, imageUntil: 2, relu: false },
    textEpochs: 1,
    imageEpochs: 1,
    textBatch: 2,
    imageBatch: 2,
    textRate: 1e-3,
    imageRate: 2e-3,
    textNormWeight: 0.1,
    textMix: 0.1,
    imageMix: 0.1,
    vv: 'batch',
    vvBlocks: 3,
    textLevels: 'last',
    chances: NO_CHANCES,
    recompute: false,
    activation: 'gelu',
    precision: 'f32',
    saveEvery: 0,
    ...changed,
  };
}
