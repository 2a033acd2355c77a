/**
 * aaclip/core: the engine and what the library is made of, without a host.
 *
 * Everything here runs in Node and in a browser. WebGPU's entry point and the kernels' texts are handed in: `Gpu.open({
 * entry: navigator.gpu, shaders: SHADERS })` with `SHADERS` from `aaclip/shaders`. Most programs want `aaclip` itself, whose
 * `loadDetector` and `train` do all of it.
 */

export { type Accumulate, Tape } from './autograd/tape.js';
export { type CalibrateOptions, type CalibrationReport, calibrate } from './calibrate/calibrate.js';
export type { JudgedPicture } from './calibrate/choose_scale.js';
export { type ClassPrompts, type Prompts, promptsFor } from './data/class_prompts.js';
export {
  type DatasetInfo,
  type Domain,
  type PromptTexts,
  REGISTRY,
  type Registry,
} from './data/datasets.js';
export type { Layout, PublishedLayout } from './data/index_layouts.js';
export { type DrawPurpose, Draws } from './data/random.js';
export { extendRegistry } from './data/registry_file.js';
export type { AnchorStore } from './detect/anchor_cache.js';
export {
  AnomalyModel,
  type AnomalyModelOptions,
  type ModelAdapters,
  type ModelScores,
} from './detect/anomaly_model.js';
export { chooseBatch } from './detect/batch_size.js';
export {
  type Calibration,
  type CalibrationRule,
  calibrationFile,
  encodeCalibration,
  openCalibration,
} from './detect/calibration.js';
export {
  type ClassTokens,
  type EncodedClass,
  type EncodedClasses,
  encodeClasses,
  type PromptedClass,
  type PromptOptions,
  promptedClass,
} from './detect/class_tokens.js';
export type { Decision, Evidence } from './detect/decision.js';
export type { DecisionRules, DomainRule, ScoredPicture } from './detect/decision_rules.js';
export { type Detection, type Peak, peakOf, pictureScore } from './detect/detection.js';
export { type DetectOptions, Detector, type LoadedClass, type PictureSources } from './detect/detector.js';
export { AaclipError, type ErrorCode } from './detect/errors.js';
export type { Combination, Share } from './detect/evidence.js';
export { type LevelMap, levelMaps } from './detect/level_maps.js';
export type { DecidedBy, MethodSettings } from './detect/method_settings.js';
export type { ModelIdentity } from './detect/model_identity.js';
export type {
  ClassInput,
  DetectorOptions,
  DetectorSettings,
  NamedClass,
  OpenOptions,
} from './detect/open_model.js';
export { type BatchScores, scorePictures } from './detect/picture_batch.js';
export type { ReferenceRows } from './detect/reference_rows.js';
export type { References } from './detect/references.js';
export {
  type DomainScores,
  RECORDED_SHARES,
  type ScoreRecords,
  type ScoreSpread,
} from './detect/score_records.js';
export type { ScoreScale } from './detect/score_scale.js';
export { type ScoreMap, shareMap } from './detect/share_map.js';
export type {
  AdapterSource,
  DecodedPicture,
  FileSource,
  LibraryHost,
  OpenedAdapters,
  PictureSource,
  WeightsSource,
} from './detect/sources.js';
export type { TileOptions } from './detect/tiling.js';
export type { TrainedWith } from './detect/trained_with.js';
export { type GoodThreshold, goodThreshold, picturesForRate } from './eval/good_threshold.js';
export { type MapRegion, mapRegions } from './eval/map_regions.js';
export type { AdapterDescription } from './gpu/description.js';
export { type Dispatch, Gpu, GpuError, type GpuHost, type GpuOptions } from './gpu/gpu.js';
export type { Cover, Extent } from './gpu/grid.js';
export type { KernelWork, NotedDispatch, NotedWork } from './gpu/noted_work.js';
export type { Kernel, PipelineCache } from './gpu/pipeline.js';
export type { BufferPool, Storage } from './gpu/pool.js';
export type { Profile, ProfileRow } from './gpu/profile.js';
export type { BindingSlot, Knobs, ParamField, ShaderInterface, ShaderTexts, Tiles } from './gpu/shader.js';
export type { Binding } from './gpu/stream.js';
export type { MatrixShape, Traits } from './gpu/traits.js';
export { type AdapterTensors, canonicalAdapters } from './io/adapter_names.js';
export { type ClipTensors, canonicalClip } from './io/clip_names.js';
export { packF16 } from './io/dtype.js';
export { openTensorSource } from './io/open_tensors.js';
export type {
  PickleDict,
  PickleGlobal,
  PickleObject,
  PickleStorage,
  PickleTensor,
  PickleValue,
} from './io/pickle_values.js';
export { openSafetensors } from './io/safetensors.js';
export { type TensorToWrite, toWrite, writeSafetensors } from './io/safetensors_writer.js';
export { type ByteSource, bytesSource } from './io/source.js';
export { synth } from './io/synth.js';
export { type RawTensor, rawF32, type TensorFile, type TensorInfo } from './io/tensor_file.js';
export type { TensorView } from './io/tensor_view.js';
export { createTokenizer, type Tokenizer, type Word } from './io/tokenizer.js';
export { readTorchArchive, type TorchArchive } from './io/torch_archive.js';
export type { Activation } from './kernels/epilogue.js';
export type { FrozenMatrix } from './kernels/frozen_matrix.js';
export { type BankChunk, MemoryBank } from './kernels/memory_bank.js';
export type { PackedMatrix, Packing, RowsOfWeight } from './kernels/packing.js';
export { type ImageAdapters, type Loaded, loadImageAdapters, loadTextAdapters } from './model/adapters.js';
export {
  type Anomaly,
  anomaly,
  type Projection,
  type Projections,
  SCORE_BLUR,
  stageOneFeatures,
  textAnchors,
} from './model/anomaly.js';
export { type ClipConfig, inferConfig } from './model/config.js';
export {
  type AdaptedImage,
  type AdaptedOptions,
  adaptedImage,
  adaptedProjections,
  unitFeatures,
} from './model/methods/aa_clip.js';
export { METHODS, type OpenedCheckpoint, openCheckpoint } from './model/methods/all_methods.js';
export type {
  AnchorMaker,
  AnomalyWishes,
  CheckpointFormat,
  ClassWords,
  ImagePart,
  Method,
  PartOptions,
  Scoring,
  TowerDefaults,
  TrainedParts,
} from './model/methods/method.js';
export type { PromptIds } from './model/prompt_rows.js';
export { syntheticClip, VIT_L_14_336 } from './model/synthetic.js';
export { encodeText, loadText, type TextAdapters, type TextTower } from './model/text.js';
export {
  type AtLevel,
  encodeImage,
  loadVision,
  patchTokens,
  type VisionOptions,
  type VisionTokens,
  type VisionTower,
  visionTokens,
} from './model/vision.js';
export { type LoadOptions, type NamedWeight, type Precision, transpose } from './model/weights.js';
export type { Block, Linear, Norm, Weight } from './nn/layers.js';
export { add } from './ops/add.js';
export { stack } from './ops/concat.js';
export { coreset } from './ops/coreset.js';
export { full } from './ops/fill.js';
export { l2Normalize } from './ops/l2_normalize.js';
export { type Nearest, nearestNeighbour } from './ops/nearest_neighbour.js';
export { type PositionalResize, resizePositional } from './ops/positional.js';
export { type Blur, scoreMap } from './ops/score_map.js';
export type { DepthRule } from './picture/depth.js';
export { type Mask, type MaskResize, type Picture, PictureError, type PictureRules } from './picture/picture.js';
export type { PixelStatistics } from './picture/pixels.js';
export {
  type PictureSize,
  type PixelSource,
  type PrepareOptions,
  preparePicture,
  preparePictures,
  type ResizeOptions,
  resizePicture,
} from './picture/resize_picture.js';
export type { Tiling } from './picture/tile_grid.js';
export type { Shape } from './tensor/shape.js';
export { type DType, empty, read, type Tensor, tidy, upload } from './tensor/tensor.js';
export type { AugmentChances } from './train/augment_plan.js';
export type { AdapterShape, Part } from './train/initial.js';
export type { Init } from './train/resume.js';
export type { TrainedAdapters } from './train/trained_adapters.js';
export { Training } from './train/training.js';
export type { SavedCheckpoint, TrainingSample, TrainOptions, TrainSettings } from './train/training_options.js';
export type { StepReport, TrainFlags } from './train/training_run.js';
