/** Tensors under canonical names, assembled from a file's tensors when they are read. */
import type { Dtype } from './dtype.js';
import { dtypeSize, toF32 } from './dtype.js';
import { firstNonFinite } from './finite.js';
import { shownText } from './shown_text.js';
import { toRowMajor } from './strided.js';
import { noSuchTensor, type RawTensor, type TensorFile, type TensorInfo, tensorInfo } from './tensor_file.js';

/** Tensors under canonical names, independent of the names and layouts in the underlying file. */
export interface TensorView {
  /** Name of the file in error messages. */
  readonly name: string;
  readonly names: readonly string[];
  has(name: string): boolean;
  /** Dimensions of a tensor. This and the methods below throw for an unknown name and list known names. */
  shape(name: string): readonly number[];
  dtype(name: string): Dtype;
  /** Row-major bytes, in the file's dtype. This and `readF32` throw where a number is NaN or infinite. */
  read(name: string): Promise<RawTensor>;
  readF32(name: string): Promise<Float32Array>;
  /** Text that changes with the tensors; only sources that notice every change have it. */
  readonly fingerprint?: (() => Promise<string>) | undefined;
}

/** How a canonical tensor is made from the file: tensors stacked along the first axis, or one matrix transposed. */
export interface Recipe {
  readonly from: readonly string[];
  readonly transposed?: boolean;
}

/**
 * The view of `file` that `recipes` describe, by canonical name. Every tensor they name must be in the file.
 *
 * @throws when stacked tensors differ in dtype or in the dimensions after the first, or a transposed tensor is not a matrix
 */
export function viewTensors(file: TensorFile, recipes: ReadonlyMap<string, Recipe>): TensorView {
  const infos = new Map<string, TensorInfo>();
  for (const [name, recipe] of recipes) infos.set(name, describe(file, name, recipe));

  function infoOf(name: string): TensorInfo {
    const info = infos.get(name);
    if (info === undefined) throw noSuchTensor(file.name, name, infos.keys());
    return info;
  }

  async function read(name: string): Promise<RawTensor> {
    const { dtype, shape } = infoOf(name);
    const { from, transposed } = recipes.get(name)!;
    const parts: RawTensor[] = [];
    for (const part of from) {
      const raw = await file.read(part);
      const at = firstNonFinite(raw.bytes, raw.dtype);
      if (at >= 0) throw notFinite(file.name, part, raw, at);
      parts.push(raw);
    }
    if (transposed) return { dtype, shape, bytes: transpose(parts[0]!) };
    return { dtype, shape, bytes: parts.length === 1 ? parts[0]!.bytes : join(parts) };
  }

  return {
    name: file.name,
    names: [...infos.keys()],
    has: (name) => infos.has(name),
    shape: (name) => infoOf(name).shape,
    dtype: (name) => infoOf(name).dtype,
    read,
    async readF32(name) {
      const raw = await read(name);
      return toF32(raw.bytes, raw.dtype);
    },
  };
}

/**
 * @param except names of tensors that may hold whole numbers
 * @throws when another one does: quantised weights mean something else than their numbers
 */
export function expectFloats(view: TensorView, except: readonly string[] = []): void {
  for (const name of view.names) {
    const dtype = view.dtype(name);
    if (except.includes(name) || /^B?F\d/.test(dtype)) continue;
    throw new Error(
      `${view.name}: tensor ${name}: wrong type: expected floating-point numbers, got ${dtype}; use weights that are not quantised`,
    );
  }
}

function describe(file: TensorFile, name: string, { from, transposed }: Recipe): TensorInfo {
  const parts = from.map((part) => {
    const info = file.tensors.get(part);
    if (info === undefined) throw noSuchTensor(file.name, part, file.tensors.keys());
    return info;
  });
  const [first] = parts as [TensorInfo, ...TensorInfo[]];
  if (transposed) {
    if (first.shape.length !== 2) throw mismatch(file, first, 'a matrix');
    return tensorInfo(name, first.dtype, [first.shape[1]!, first.shape[0]!]);
  }
  if (parts.length === 1) return tensorInfo(name, first.dtype, first.shape);
  for (const part of parts) {
    const same = part.dtype === first.dtype && part.shape.slice(1).join() === first.shape.slice(1).join();
    if (!same || part.shape.length === 0)
      throw mismatch(file, part, `${first.dtype} [${first.shape}] as ${first.name}`);
  }
  const rows = parts.reduce((sum, part) => sum + part.shape[0]!, 0);
  return tensorInfo(name, first.dtype, [rows, ...first.shape.slice(1)]);
}

function notFinite(file: string, name: string, { dtype, bytes, shape }: RawTensor, at: number): Error {
  const size = dtypeSize(dtype);
  const [value] = toF32(bytes.slice(at * size, (at + 1) * size), dtype);
  return new Error(
    `${file}: tensor ${shownText(name)}: holds ${value} at element ${at} of [${shape}]: expected finite numbers; download the file again or use an earlier checkpoint`,
  );
}

function mismatch(file: TensorFile, info: TensorInfo, expected: string): Error {
  return new Error(
    `${file.name}: tensor ${shownText(info.name)}: wrong shape: expected ${shownText(expected)}, got ${info.dtype} [${shownText(String(info.shape))}]`,
  );
}

function transpose({ shape, bytes }: RawTensor): Uint8Array {
  const [rows, columns] = shape as [number, number];
  const itemSize = rows * columns === 0 ? 1 : bytes.byteLength / (rows * columns);
  return toRowMajor(bytes, itemSize, [columns, rows], [1, columns]);
}

function join(parts: readonly RawTensor[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.bytes.byteLength, 0));
  let at = 0;
  for (const { bytes } of parts) {
    out.set(bytes, at);
    at += bytes.byteLength;
  }
  return out;
}
