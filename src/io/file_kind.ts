/** What a file is that holds no weights in a format that is read here, and what to do about it. */
import { shownText } from './shown_text.js';

/** Bytes of the start of a file that tell what it is. */
export const HEAD = 512;

interface Kind {
  /** Bytes at the start, or a test. */
  readonly is: readonly number[] | string | RegExp | ((head: Uint8Array, text: string) => boolean);
  readonly at?: number;
  /** Continues the file's name: what it is and the remedy. */
  readonly says: string;
}

const PACKED = 'unpack it and name the file of weights in it';
const TORCH_ONLY = 'only safetensors and files of torch can be read: use the weights that torch saved';
const DOWNLOAD = 'download the file itself';

/** In the order in which they are tried. */
const KINDS: readonly Kind[] = [
  {
    is: /^version https?:\/\/[\w.-]+\/spec\/v\d/,
    says: 'a Git LFS pointer, not the file itself: run "git lfs pull" in the clone, or download the file from its page',
  },
  { is: /^# xet version/, says: `a Xet pointer, not the file itself: ${DOWNLOAD}` },
  {
    is: /^\s*<(?:!doctype|html|head|\?xml|!--)/i,
    says: `a web page, not weights: ${DOWNLOAD}, through the link that its page gives (log in or confirm there first)`,
  },
  { is: [0x1f, 0x8b], says: `packed with gzip: ${PACKED} (tar -xzf for .tar.gz, otherwise gunzip)` },
  { is: 'BZh', says: `packed with bzip2: ${PACKED} (tar -xjf or bunzip2)` },
  { is: [0xfd, 0x37, 0x7a, 0x58, 0x5a], says: `packed with xz: ${PACKED} (tar -xJf or unxz)` },
  { is: [0x28, 0xb5, 0x2f, 0xfd], says: `packed with zstd: ${PACKED} (unzstd)` },
  { is: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], says: `a 7z archive: ${PACKED}` },
  { is: 'Rar!', says: `a RAR archive: ${PACKED}` },
  { is: 'ustar', at: 257, says: `a tar archive: ${PACKED} (tar -xf)` },
  {
    is: /^(?:\((?:dp|lp|i)|ccopy_?reg\n|c__builtin__\n)/,
    says: 'a pickle that torch.save did not write: load it in Python and save its state dict with torch.save',
  },
  { is: 'GGUF', says: `a GGUF model: ${TORCH_ONLY}` },
  { is: /^(?:ggml|lmgg|fmgg|tjgg|algg)/, says: `a GGML model: ${TORCH_ONLY}` },
  { is: [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a], says: `an HDF5 file, as Keras writes it: ${TORCH_ONLY}` },
  { is: [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59], says: `a numpy array: load it in Python and save it with torch.save` },
  { is: 'TFL3', at: 4, says: `a TensorFlow Lite model: ${TORCH_ONLY}` },
  { is: /^\s*model_checkpoint_path:/, says: `TensorFlow's note of its last checkpoint: ${TORCH_ONLY}` },
  { is: isOnnx, says: `an ONNX model: ${TORCH_ONLY} before it was exported` },
  { is: [0x08, 0x01, 0x12], says: `a SavedModel of TensorFlow: ${TORCH_ONLY}` },
  { is: [0x89, 0x50, 0x4e, 0x47], says: 'a picture (PNG), not weights: name a file of weights' },
  { is: [0xff, 0xd8, 0xff], says: 'a picture (JPEG), not weights: name a file of weights' },
  { is: '%PDF', says: 'a PDF, not weights: name a file of weights' },
  { is: [0x00, 0x05, 0x16, 0x07], says: "macOS's notes on a file (its name starts with ._): name the file itself" },
  {
    is: (head) => head.every((byte) => byte === 0),
    says: 'nothing but zeros so far: the download is incomplete; wait for it or start it again',
  },
];

/** Formats that their first bytes do not tell, by the end of the name. */
const BY_NAME: readonly (readonly [RegExp, string])[] = [
  [/\.(?:pb|pbtxt|data-\d{5}-of-\d{5}|index)$/, 'a model of TensorFlow'],
  [/\.msgpack$/, 'a model of Flax'],
  [/\.pd(?:params|model|iparams)$/, 'a model of PaddlePaddle'],
  [/\.(?:onnx|ort)$|\.onnx[._]data$/, 'an ONNX model'],
  [/\.(?:mlmodel|mlpackage)$/, 'a Core ML model'],
  [/\.(?:engine|plan|trt)$/, 'a TensorRT engine'],
  [/\.(?:h5|keras|hdf5)$/, 'a Keras model'],
];

/** ONNX is a protobuf: the version of the format (field 1), then who wrote it (2), the graph (7) or the opsets (8). */
function isOnnx(head: Uint8Array, text: string): boolean {
  if (head[0] !== 0x08 || head[1]! === 0 || head[1]! > 32) return false;
  if (head[2] !== 0x12) return head[2] === 0x3a || head[2] === 0x42;
  return head[3]! < 32 && /^[\w.-]+$/.test(text.slice(4, 4 + head[3]!));
}

/**
 * The error for a file that is neither safetensors nor torch's.
 * @param head the first bytes, at most HEAD
 * @param size of the file
 */
export function unreadableKind(name: string, head: Uint8Array, size: number): Error {
  if (size === 0) return new Error(`${name}: an empty file: the download may have failed; download it again`);
  // One character a byte.
  const text = new TextDecoder('latin1').decode(head).replace(/^\xef\xbb\xbf/, '');
  const kind = KINDS.find(({ is, at = 0 }) => {
    if (typeof is === 'function') return is(head, text);
    if (is instanceof RegExp) return is.test(text);
    return typeof is === 'string' ? text.startsWith(is, at) : is.every((byte, i) => head[at + i] === byte);
  });
  if (kind !== undefined) return new Error(`${name}: ${kind.says}`);
  const [, named] = BY_NAME.find(([end]) => end.test(name)) ?? [];
  if (named !== undefined) return new Error(`${name}: ${named}, by its name: ${TORCH_ONLY}`);
  const start = isText(head)
    ? `text that begins ${JSON.stringify(shownText(new TextDecoder().decode(head), 60))}`
    : `bytes ${[...head.subarray(0, 8)].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')}`;
  return new Error(
    `${name}: not a known kind of weights: expected safetensors or a file of torch (.pt, .pth, .bin, .ckpt), got ${start}; check what was downloaded`,
  );
}

function isText(head: Uint8Array): boolean {
  return head.every((byte) => byte >= 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d);
}
