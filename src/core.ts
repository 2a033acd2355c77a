/**
 * aaclip: zero-shot visual anomaly detection as a WebGPU compute engine.
 *
 * Everything here runs in Node and in a browser; a host supplies WebGPU's entry point and the kernels' texts
 * (`aaclip/node` does for Node).
 */

export { Tape } from './autograd/tape.js';
export { promptsFor } from './data/class_prompts.js';
export { type ClassTokens, Detector, type DetectorOptions } from './detect/detector.js';
export { Gpu, GpuError, type GpuHost, type GpuOptions } from './gpu/gpu.js';
export { canonicalAdapters } from './io/adapter_names.js';
export { canonicalClip } from './io/clip_names.js';
export { openSafetensors } from './io/safetensors.js';
export { writeSafetensors } from './io/safetensors_writer.js';
export { type ByteSource, bytesSource } from './io/source.js';
export { createTokenizer } from './io/tokenizer.js';
export { readTorchArchive } from './io/torch_archive.js';
export { adaptedImage, loadImageAdapters, loadTextAdapters } from './model/adapters.js';
export { type Anomaly, anomaly, stageOneFeatures, textAnchors } from './model/anomaly.js';
export { type ClipConfig, inferConfig } from './model/config.js';
export { encodeText, loadText } from './model/text.js';
export { encodeImage, loadVision, visionTokens } from './model/vision.js';
export { add } from './ops/add.js';
export { preparePicture, resizePicture } from './picture/resize_picture.js';
export { resizeTable } from './picture/resize_table.js';
export { empty, read, type Tensor, tidy, upload } from './tensor/tensor.js';
