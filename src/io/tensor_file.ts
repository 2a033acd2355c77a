/** Files of named tensors, which are read one at a time on request. */
import { type Dtype, dtypeSize, elementsOf, toF32 } from './dtype.js';
import { shownText } from './shown_text.js';

export interface TensorInfo {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly byteLength: number;
}

/** A tensor as stored: row-major, little-endian. */
export interface RawTensor {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export interface TensorFile {
  /** Name of the file in error messages. */
  readonly name: string;
  /** Free text that came with the tensors. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** Values that could not be made into tensors, by the name they would have, with the reason. */
  readonly unread?: ReadonlyMap<string, string>;
  /** Names of the files behind it, where there are several. */
  readonly parts?: readonly string[];
  /** The tensor as stored, in new bytes. Throws when the file has no such tensor. */
  read(name: string): Promise<RawTensor>;
  /** The tensor as float32, row-major (see `toF32`). */
  readF32(name: string): Promise<Float32Array>;
}

/** Describes a tensor. @throws when its dimensions are not counts */
export function tensorInfo(name: string, dtype: Dtype, shape: readonly number[]): TensorInfo {
  const byteLength = elementsOf(shape) * dtypeSize(dtype);
  if (!Number.isSafeInteger(byteLength)) {
    throw new Error(`tensor ${name}: shape is impossible: expected whole numbers of 0 or more, got [${shape}]`);
  }
  return { name, dtype, shape, byteLength };
}

/**
 * The bytes of a float32 tensor: a view of `values`, not a copy. @throws when the number of values does not fit the
 * shape
 */
export function rawF32(shape: readonly number[], values: Float32Array): RawTensor {
  if (elementsOf(shape) !== values.length) {
    throw new Error(
      `rawF32: wrong number of values: expected ${elementsOf(shape)} for [${shape}], got ${values.length}`,
    );
  }
  return { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

/** A file made from a table of tensors and a function that reads the bytes of one of them. */
export function makeTensorFile(
  name: string,
  metadata: ReadonlyMap<string, string>,
  infos: Iterable<TensorInfo>,
  readBytes: (info: TensorInfo) => Promise<Uint8Array>,
): TensorFile {
  const tensors = new Map<string, TensorInfo>();
  for (const info of infos) tensors.set(info.name, info);
  const read = async (tensor: string): Promise<RawTensor> => {
    const info = tensors.get(tensor);
    if (info === undefined) throw noSuchTensor(name, tensor, tensors.keys());
    const bytes = await readBytes(info);
    if (bytes.byteLength !== info.byteLength) {
      throw new Error(
        `${name}: tensor ${tensor}: wrong length: expected ${info.byteLength} bytes, got ${bytes.byteLength}`,
      );
    }
    return { dtype: info.dtype, shape: info.shape, bytes };
  };
  return {
    name,
    metadata,
    tensors,
    read,
    async readF32(tensor) {
      const raw = await read(tensor);
      return toF32(raw.bytes, raw.dtype);
    },
  };
}

/** The error for a name that is not in a file; it lists a few names that the file has. */
export function noSuchTensor(file: string, tensor: string, names: Iterable<string>): Error {
  return new Error(`${file}: tensor is missing: expected ${shownText(tensor)}, got ${listNames([...names])}`);
}

/** Names for an error message: `a, b, c and 7 more`. */
export function listNames(names: readonly string[], limit = 4): string {
  if (names.length === 0) return 'none';
  const shown = names
    .slice(0, limit)
    .map((name) => shownText(name, 300))
    .join(', ');
  return names.length > limit ? `${shown} and ${names.length - limit} more` : shown;
}
