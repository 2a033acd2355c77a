/** What every reader of weights gives: named tensors that are read one by one, when asked for. */
import { type Dtype, dtypeSize, elementsOf, toF32 } from './dtype.js';

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
  /** What error messages call the file. */
  readonly name: string;
  /** Free text that came with the tensors. */
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, TensorInfo>;
  /** The tensor as stored, in bytes of its own. Throws when the file has no such tensor. */
  read(name: string): Promise<RawTensor>;
  /** The tensor as float32, row-major (see `toF32`). */
  readF32(name: string): Promise<Float32Array>;
}

/** Describes a tensor; throws when its dimensions are no counts. */
export function tensorInfo(name: string, dtype: Dtype, shape: readonly number[]): TensorInfo {
  const byteLength = elementsOf(shape) * dtypeSize(dtype);
  if (!Number.isSafeInteger(byteLength)) {
    throw new Error(`tensor ${name}: shape is impossible: expected whole numbers of 0 or more, got [${shape}]`);
  }
  return { name, dtype, shape, byteLength };
}

/** A float32 tensor as its bytes; they are those of `values`, not a copy. */
export function rawF32(shape: readonly number[], values: Float32Array): RawTensor {
  if (elementsOf(shape) !== values.length) {
    throw new Error(
      `rawF32: wrong number of values: expected ${elementsOf(shape)} for [${shape}], got ${values.length}`,
    );
  }
  return { dtype: 'F32', shape, bytes: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) };
}

/** A file made of a table of tensors and a function that reads the bytes of one. */
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

/** The error for a name that a file lacks; lists a few that it has. */
export function noSuchTensor(file: string, tensor: string, names: Iterable<string>): Error {
  return new Error(`${file}: tensor is missing: expected ${tensor}, got ${listNames([...names])}`);
}

/** `a, b, c and 7 more`, as error messages list names. */
export function listNames(names: readonly string[], limit = 4): string {
  if (names.length === 0) return 'none';
  const shown = names.slice(0, limit).join(', ');
  return names.length > limit ? `${shown} and ${names.length - limit} more` : shown;
}
