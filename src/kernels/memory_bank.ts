/** Rows that others are compared with: the patch features of reference pictures, kept in the layout products read. */
import type { Gpu } from '../gpu/gpu.js';
import { show } from '../tensor/shape.js';
import { empty, type Tensor, tidy } from '../tensor/tensor.js';
import { FrozenMatrix } from './frozen_matrix.js';

/** Rows of a chunk are padded to so many, so that every kernel of products can read it. */
const STEP = 8;

/** A multiple of the columns of every panel and tile: chunks of so many rows leave no column of theirs unused. */
const WHOLE = 1920;

/** Bytes and rows of a chunk at most: what every adapter can bind, and few enough maxima for each row that is compared. */
const MOST_BYTES = 2 ** 27;
const MOST_ROWS = 34 * WHOLE;

/** A run of rows within what one binding may hold. */
export interface BankChunk {
  /** Its rows, of which those beyond the bank's last repeat it. */
  readonly matrix: FrozenMatrix;
  /** Where its first row is in the bank. */
  readonly first: number;
}

export class MemoryBank implements Disposable {
  readonly gpu: Gpu;
  /** Number of rows. */
  readonly size: number;
  /** Values of a row. */
  readonly width: number;
  readonly chunks: readonly BankChunk[];

  private constructor(gpu: Gpu, size: number, width: number, chunks: readonly BankChunk[]) {
    this.gpu = gpu;
    this.size = size;
    this.width = width;
    this.chunks = chunks;
  }

  /**
   * Copies rows into a bank, in the order given. While it is made, one chunk more (at most what a binding may hold) is in memory.
   * @param rows tensors [..., C] of unit rows, such as the patch tokens of one picture each
   * @param options half: rows are rounded to f16, two values a word, which takes half the memory and time; cosines are then
   *   off by about 1e-5. A C that is odd stays f32 where the layout needs whole words
   * @throws when there is no row, or widths differ
   */
  static of(rows: readonly Tensor[], { half = false }: { readonly half?: boolean } = {}): MemoryBank {
    const width = rows[0]?.dim(-1) ?? 0;
    const other = rows.find((t) => t.dim(-1) !== width);
    if (other) throw new Error(`memory bank: expected rows of width ${width}, got ${show(other.shape)}`);
    const size = rows.reduce((sum, t) => sum + t.size, 0) / (width || 1);
    if (size === 0) throw new Error('memory bank: expected at least one row: give reference pictures');
    const { gpu } = rows[0]!;
    const fitting = Math.floor(Math.min(MOST_BYTES, gpu.bindingLimit) / (4 * Math.ceil(width / STEP) * STEP));
    const most = Math.min(MOST_ROWS, Math.max(STEP, fitting - (fitting % (fitting < WHOLE ? STEP : WHOLE))));
    const chunks: BankChunk[] = [];
    for (let first = 0; first < size; first += most) {
      const count = Math.min(most, size - first);
      chunks.push({ first, matrix: tidy(() => FrozenMatrix.fromRows(gathered(rows, width, first, count), half)) });
    }
    return new MemoryBank(gpu, size, width, chunks);
  }

  /** Bytes on the device. */
  get bytes(): number {
    return this.chunks.reduce((sum, { matrix }) => sum + matrix.bytes, 0);
  }

  [Symbol.dispose](): void {
    for (const { matrix } of this.chunks) matrix[Symbol.dispose]();
  }
}

/** Rows `first` up to `first + count` of several tensors as [count to 8, C], the last of them repeated. */
function gathered(rows: readonly Tensor[], width: number, first: number, count: number): Tensor {
  const padded = Math.ceil(count / STEP) * STEP;
  const chunk = empty(rows[0]!.gpu, [padded, width]);
  const row = 4 * width;
  let at = 0;
  for (const t of rows) {
    const from = Math.max(0, first - at);
    const to = Math.min(t.bytes / row, first + count - at);
    if (from < to) copyRows(t, from, chunk, at + from - first, to - from, row);
    // Tensors without rows have no last one.
    if (from < to && to === first + count - at)
      for (let i = count; i < padded; i++) copyRows(t, to - 1, chunk, i, 1, row);
    at += t.bytes / row;
  }
  return chunk;
}

function copyRows(from: Tensor, first: number, to: Tensor, at: number, count: number, row: number): void {
  from.gpu.copy(from.storage, from.offset + first * row, to.storage, to.offset + at * row, count * row);
}
