/**
 * aaclip/train: the parts of training, without a host, for programs that need more than the `train` function of
 * `aaclip`.
 */
export type { PictureSides } from '../detect/inference_memory.js';
export type { AdamOptions } from '../ops/adam.js';
export type { ColourJitter } from '../picture/augment_colour.js';
export type { Geometry } from '../picture/augment_geometry.js';
export {
  type AugmentChances,
  type AugmentPlan,
  type AugmentPurpose,
  augmentPlan,
  NO_CHANCES,
  PUBLISHED_CHANCES,
} from './augment_plan.js';
export { type PreparedBatch, prepareBatch, type SampleAugmentation, type TrainSample } from './batch.js';
export {
  encodeCheckpoint,
  encodeTorchCheckpoint,
  type Restored,
  type RunState,
  restoreCheckpoint,
} from './checkpoint.js';
export { type AdapterShape, type InitialOptions, initialParameters, type Part } from './initial.js';
export { ADAM, imageAdapterWeights, type Parameter, Parameters, textAdapterWeights } from './parameters.js';
export { defaultMemoryLimit, overLimit, type Plan, type PlanOptions, planRun } from './plan.js';
export {
  type CheckpointStore,
  type Init,
  type ResumeOptions,
  recordedFlags,
  type TrainedParameters,
  trainStages,
} from './resume.js';
export type { RunOrigin } from './run_origin.js';
export {
  type ClassBatch,
  type LossTerms,
  type StageOneBatch,
  type StageOneOptions,
  stageOneLoss,
} from './stage_one.js';
export { type StageTwoBatch, type StageTwoOptions, stageTwoLoss } from './stage_two.js';
export { trainImage, trainText } from './stages.js';
export type { TrainedAdapters } from './trained_adapters.js';
export { Training, type TrainingStore } from './training.js';
export { type PlannedRun, type StageMemory, type TrainingMemory, trainingMemory } from './training_memory.js';
export type { SavedCheckpoint, TrainingSample, TrainOptions, TrainSettings } from './training_options.js';
export type { LoadedSample, StepReport, TrainFlags, TrainHost, TrainRun } from './training_run.js';
