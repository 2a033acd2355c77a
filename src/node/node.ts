/** aaclip in Node: the library and its parts: this machine's device, files as byte sources, decoders. */
export * from '../core.js';
export { writeAtomically } from './atomic_write.js';
export { type DecodeOptions, decode, decodeMask, loadMask, loadPicture } from './decode.js';
export { type NodeHostOptions, nodeHost, openGpu, readShaders } from './device.js';
export { encodePng } from './encode_png.js';
export { fileSource } from './file_source.js';
export { loadDetector, type NodeTrainOptions, train } from './node_library.js';
export { openTokenizer } from './open_tokenizer.js';
export { openAdapters, openClip, openTensors } from './open_weights.js';
export { expandImages, type SearchOptions } from './picture_files.js';
