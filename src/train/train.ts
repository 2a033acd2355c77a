/**
 * aaclip/train: training in its parts, without a host, for programs that need more than `train` of `aaclip` offers.
 */
export { type AugmentChances, augmentPlan, NO_CHANCES, PUBLISHED_CHANCES } from './augment_plan.js';
export { type PreparedBatch, prepareBatch, type TrainSample } from './batch.js';
export {
  encodeCheckpoint,
  encodeTorchCheckpoint,
  type Restored,
  type RunState,
  restoreCheckpoint,
} from './checkpoint.js';
export { type AdapterShape, initialParameters, type Part } from './initial.js';
export { ADAM, imageAdapterWeights, type Parameter, Parameters, textAdapterWeights } from './parameters.js';
export { type Plan, type PlanOptions, planRun } from './plan.js';
export {
  type CheckpointStore,
  type Init,
  type ResumeOptions,
  recordedFlags,
  type TrainedParameters,
  trainStages,
} from './resume.js';
export { type ClassBatch, type LossTerms, stageOneLoss } from './stage_one.js';
export { stageTwoLoss } from './stage_two.js';
export { trainImage, trainText } from './stages.js';
export { type TrainedAdapters, Training, type TrainingStore } from './training.js';
export type { SavedCheckpoint, TrainingSample, TrainOptions, TrainSettings } from './training_options.js';
export type { LoadedSample, StepReport, TrainFlags, TrainHost, TrainRun } from './training_run.js';
