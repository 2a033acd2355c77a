/**
 * aaclip/core: the engine and what the library is made of, without a host.
 *
 * Everything here runs in Node and in a browser. WebGPU's entry point and the kernels' texts are handed in: `Gpu.open({
 * entry: navigator.gpu, shaders: SHADERS })` with `SHADERS` from `aaclip/shaders`. Most programs want `aaclip` itself, whose
 * `loadDetector` and `train` do all of it.
 */

export { Tape } from './autograd/tape.js';
export { promptsFor } from './data/class_prompts.js';
export {
  type DatasetInfo,
  type Domain,
  type PromptTexts,
  REGISTRY,
  type Registry,
} from './data/datasets.js';
export { Draws } from './data/random.js';
export { extendRegistry } from './data/registry_file.js';
export { AnomalyModel, type AnomalyModelOptions } from './detect/anomaly_model.js';
export { chooseBatch } from './detect/batch_size.js';
export {
  type ClassTokens,
  type EncodedClass,
  type EncodedClasses,
  encodeClasses,
  type PromptedClass,
  type PromptOptions,
  promptedClass,
} from './detect/class_tokens.js';
export { type Detection, type Peak, peakOf, pictureScore } from './detect/detection.js';
export { type DetectOptions, Detector, type LoadedClass, type PictureSources } from './detect/detector.js';
export { AaclipError, type ErrorCode } from './detect/errors.js';
export type {
  ClassInput,
  DetectorOptions,
  DetectorSettings,
  NamedClass,
  OpenOptions,
} from './detect/open_model.js';
export { type BatchScores, scorePictures } from './detect/picture_batch.js';
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
export { Gpu, GpuError, type GpuHost, type GpuOptions } from './gpu/gpu.js';
export { canonicalAdapters } from './io/adapter_names.js';
export { type ClipTensors, canonicalClip } from './io/clip_names.js';
export { packF16 } from './io/dtype.js';
export { openTensorSource } from './io/open_tensors.js';
export { openSafetensors } from './io/safetensors.js';
export { type TensorToWrite, toWrite, writeSafetensors } from './io/safetensors_writer.js';
export { type ByteSource, bytesSource } from './io/source.js';
export { synth } from './io/synth.js';
export { rawF32 } from './io/tensor_file.js';
export { createTokenizer, type Tokenizer } from './io/tokenizer.js';
export { readTorchArchive } from './io/torch_archive.js';
export { adaptedImage, loadImageAdapters, loadTextAdapters, patchTokens } from './model/adapters.js';
export { type Anomaly, anomaly, SCORE_BLUR, stageOneFeatures, textAnchors } from './model/anomaly.js';
export { type ClipConfig, inferConfig } from './model/config.js';
export { syntheticClip, VIT_L_14_336 } from './model/synthetic.js';
export { encodeText, loadText, type TextTower } from './model/text.js';
export { encodeImage, loadVision, type VisionTower, visionTokens } from './model/vision.js';
export { type NamedWeight, transpose } from './model/weights.js';
export { add } from './ops/add.js';
export { stack } from './ops/concat.js';
export { full } from './ops/fill.js';
export { l2Normalize } from './ops/l2_normalize.js';
export { resizePositional } from './ops/positional.js';
export { scoreMap } from './ops/score_map.js';
export { type Picture, PictureError } from './picture/picture.js';
export { preparePicture, preparePictures, resizePicture } from './picture/resize_picture.js';
export { empty, read, type Tensor, tidy, upload } from './tensor/tensor.js';
export { type TrainedAdapters, Training } from './train/training.js';
export type { SavedCheckpoint, TrainingSample, TrainOptions, TrainSettings } from './train/training_options.js';
export type { StepReport } from './train/training_run.js';
