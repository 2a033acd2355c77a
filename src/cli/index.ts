/** The Node host: the device of this machine, files as byte sources, pictures. */
export * from '../index.js';
export { writeAtomically } from './atomic_write.js';
export { openAdapters, openClip, openTensors } from './checkpoints.js';
export { decode, decodeMask, loadMask, loadPicture } from './decode.js';
export { encodePng } from './encode_png.js';
export { fileSource } from './file_source.js';
export { type NodeHostOptions, nodeHost, openGpu, readShaders } from './host.js';
export { expandImages } from './images.js';
