/** The Node host: the device of this machine, files as byte sources, pictures. */
export * from '../core.js';
export { writeAtomically } from './atomic_write.js';
export { decode, decodeMask, loadMask, loadPicture } from './decode.js';
export { type NodeHostOptions, nodeHost, openGpu, readShaders } from './device.js';
export { encodePng } from './encode_png.js';
export { fileSource } from './file_source.js';
export { openTokenizer } from './open_tokenizer.js';
export { openAdapters, openClip, openTensors } from './open_weights.js';
export { expandImages } from './picture_files.js';
