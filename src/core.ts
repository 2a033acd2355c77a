/**
 * aaclip: zero-shot visual anomaly detection as a WebGPU compute engine.
 *
 * Everything here runs in Node and in a browser; a host supplies WebGPU's entry point and the kernels' texts
 * (`aaclip/node` does for Node).
 */

export { Tape } from './autograd/tape.js';
export { promptsFor } from './data/class_prompts.js';
export { REGISTRY } from './data/datasets.js';
export { Draws } from './data/random.js';
export { type ClassTokens, Detector, type DetectorOptions } from './detect/detector.js';
export { Gpu, GpuError, type GpuHost, type GpuOptions } from './gpu/gpu.js';
export { canonicalAdapters } from './io/adapter_names.js';
export { type ClipTensors, canonicalClip } from './io/clip_names.js';
export { packF16 } from './io/dtype.js';
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
export { preparePicture, preparePictures, resizePicture } from './picture/resize_picture.js';
export { empty, read, type Tensor, tidy, upload } from './tensor/tensor.js';
