/** A file of expected values, and how far this program is from them. */

import type { Gpu } from '../gpu/gpu.js';
import type { TensorFile } from '../io/tensor_file.js';
import type { Precision } from '../model/weights.js';
import type { Mask, Picture } from '../picture/picture.js';

/** The folder of expected values, as the host reads it. */
export interface GoldenFolder {
  readonly files: readonly string[];
  open(file: string): Promise<TensorFile>;
  openArchive(file: string): Promise<TensorFile>;
  decode(file: string): Promise<Picture>;
  decodeMask(file: string): Promise<Mask>;
  text(file: string): Promise<string>;
}

/** Bytes of a file that comes with the program, by its path in the package. */
export type PackagedFile = (path: string) => Promise<Uint8Array<ArrayBuffer>>;

/** A tensor computed here beside the expected one. */
export interface Comparison {
  readonly tensor: string;
  readonly got: ArrayLike<number>;
  readonly want: ArrayLike<number>;
  /** Largest relative L2 error allowed; 0 asks for equality. */
  readonly bound: number;
  /** In place of `bound`, where a rounding tie moves a whole pixel: how many pixels may differ, by any amount. */
  readonly pixels?: PixelBound;
}

export interface PixelBound {
  /** Largest share of pixels that may differ from the expected ones. */
  readonly share: number;
  /** Values from one channel of a pixel to the next, in planes [C, H, W]. */
  readonly plane: number;
}

export interface CaseContext {
  readonly gpu: Gpu;
  readonly folder: GoldenFolder;
  readonly file: TensorFile;
  readonly precision: Precision;
  /** Missing where the host has no package. */
  readonly packaged?: PackagedFile | undefined;
}

/** The bound of an error relative to the expected values: the wider one where a device or its weights are rounded to f16. */
export function boundOf({ gpu, precision }: CaseContext, f32: number, f16: number): number {
  return precision === 'f16' || gpu.precision === 'f16' ? f16 : f32;
}

export type CaseRunner = (context: CaseContext) => AsyncIterable<Comparison>;

export interface TensorReport {
  readonly case: string;
  readonly tensor: string;
  readonly maxAbs: number;
  readonly relL2: number;
  readonly bound: number;
  /** Share of pixels that differ, and the largest allowed, where that decides instead of `relL2`. */
  readonly differing?: { readonly share: number; readonly bound: number };
  readonly pass: boolean;
  /** Why there is no figure: the case is unknown, or failed with an error. */
  readonly note?: string;
}

/** Largest absolute difference, and the L2 norm of the difference relative to the norm of the expected values. */
export function compare(c: Comparison): Omit<TensorReport, 'case'> {
  const { tensor, got, want, bound } = c;
  if (got.length !== want.length) {
    const note = `expected ${want.length} values, got ${got.length}`;
    return { tensor, maxAbs: Number.NaN, relL2: Number.NaN, bound, pass: false, note };
  }
  let maxAbs = 0;
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < want.length; i++) {
    const d = got[i]! - want[i]!;
    // Written so that NaN sticks.
    if (!(Math.abs(d) <= maxAbs)) maxAbs = Math.abs(d);
    difference += d * d;
    norm += want[i]! * want[i]!;
  }
  const relL2 = difference === 0 ? 0 : Math.sqrt(difference / norm);
  if (!c.pixels) return { tensor, maxAbs, relL2, bound, pass: relL2 <= bound };
  const differing = { share: differingPixels(got, want, c.pixels.plane), bound: c.pixels.share };
  return { tensor, maxAbs, relL2, bound, differing, pass: differing.share <= differing.bound };
}

/** Share of pixels that differ in any channel. */
function differingPixels(got: ArrayLike<number>, want: ArrayLike<number>, plane: number): number {
  const differs = new Uint8Array(plane);
  for (let i = 0; i < want.length; i++) if (got[i] !== want[i]) differs[i % plane] = 1;
  return differs.reduce((sum, d) => sum + d, 0) / plane;
}

/** An entry of a file's metadata. @throws naming the file and the key when it is missing. */
export function metadata(file: TensorFile, key: string): string {
  const value = file.metadata.get(key);
  if (value === undefined) throw new Error(`${file.name}: metadata has no ${key}`);
  return value;
}

export function metadataNumber(file: TensorFile, key: string): number {
  const value = Number(metadata(file, key));
  if (!Number.isFinite(value))
    throw new Error(`${file.name}: metadata ${key}: expected a number, got ${metadata(file, key)}`);
  return value;
}
