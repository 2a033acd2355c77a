/** How the page trains unless its user says otherwise. */
import type { TrainSettings } from '../train/training_options.js';
import type { ModelChoice } from './engine_messages.js';
import type { PageTrainSettings } from './train_messages.js';

const SEED = 111;
const SAVE_EVERY = 20;

/**
 * Settings for a few dozen pictures. A CLIP from a file takes those of the published program; the packaged model is so small
 * that it learns at higher rates, as `npm start` trains it.
 */
export function trainDefaults(model: ModelChoice): PageTrainSettings {
  const common = { textEpochs: 5, imageEpochs: 20, textBatch: 16, seed: SEED, saveEvery: SAVE_EVERY };
  return model.kind === 'packaged'
    ? { ...common, imageSize: 224, imageBatch: 4, textRate: 1e-3, imageRate: 2e-3 }
    : { ...common, imageSize: 518, imageBatch: 2, textRate: 1e-5, imageRate: 5e-4 };
}

/** What follows from the model: which blocks get adapters, and how these start. */
export function adapterSettings(model: ModelChoice): TrainSettings {
  return model.kind === 'packaged' ? { shape: { textUntil: 1, imageUntil: 4 }, init: 'clip' } : {};
}
