/** The rows of a PNG as its bytes arrive: two rows are in memory at a time, not the whole inflated picture. */

/** One pass over a picture: all of it, or every dx-th column and dy-th row of it. */
export interface Pass {
  readonly x0: number;
  readonly y0: number;
  readonly dx: number;
  readonly dy: number;
  /** Columns and rows of the pass. */
  readonly w: number;
  readonly h: number;
  readonly rowBytes: number;
}

/** Undoes the filter of a row in place; `up` is the row above, zeros for the first row of a pass. */
function unfilter(kind: number, row: Uint8Array, up: Uint8Array, bpp: number): void {
  switch (kind) {
    case 0:
      return;
    case 1:
      for (let i = bpp; i < row.length; i++) row[i] = row[i]! + row[i - bpp]!;
      return;
    case 2:
      for (let i = 0; i < row.length; i++) row[i] = row[i]! + up[i]!;
      return;
    case 3:
      for (let i = 0; i < row.length; i++) {
        const left = i < bpp ? 0 : row[i - bpp]!;
        row[i] = row[i]! + ((left + up[i]!) >> 1);
      }
      return;
    case 4:
      for (let i = 0; i < row.length; i++) {
        const a = i < bpp ? 0 : row[i - bpp]!;
        const b = up[i]!;
        const c = i < bpp ? 0 : up[i - bpp]!;
        const pa = Math.abs(b - c);
        const pb = Math.abs(a - c);
        const pc = Math.abs(a + b - c - c);
        row[i] = row[i]! + (pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
      }
      return;
    default:
      throw new Error(`row filter ${kind} does not exist`);
  }
}

/** Cuts inflated bytes into rows, undoes their filters and hands them on. */
export class PngRows {
  readonly #passes: readonly Pass[];
  readonly #bpp: number;
  readonly #onRow: (pass: Pass, y: number, row: Uint8Array) => void;
  #pass = 0;
  #y = 0;
  /** The filter's number of the row that is being read; -1 before it has come. */
  #filter = -1;
  #filled = 0;
  #row: Uint8Array;
  #up: Uint8Array;

  /**
   * @param bpp bytes from a pixel to the next, at least 1
   * @param onRow called with each row of each pass; the row's memory is used again
   */
  constructor(passes: readonly Pass[], bpp: number, onRow: (pass: Pass, y: number, row: Uint8Array) => void) {
    this.#passes = passes;
    this.#bpp = bpp;
    this.#onRow = onRow;
    this.#row = new Uint8Array(passes[0]?.rowBytes ?? 0);
    this.#up = this.#row.slice();
  }

  /** Takes the next bytes; those after the last row are ignored. @throws for a filter that does not exist */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && this.#pass < this.#passes.length) {
      if (this.#filter < 0) {
        this.#filter = chunk[at++]!;
        continue;
      }
      const n = Math.min(this.#row.length - this.#filled, chunk.length - at);
      // Short rows are copied by hand: a view of the bytes would cost more than the copy.
      if (n < 16) for (let i = 0; i < n; i++) this.#row[this.#filled + i] = chunk[at + i]!;
      else this.#row.set(chunk.subarray(at, at + n), this.#filled);
      this.#filled += n;
      at += n;
      if (this.#filled === this.#row.length) this.#endRow();
    }
  }

  #endRow(): void {
    const pass = this.#passes[this.#pass]!;
    unfilter(this.#filter, this.#row, this.#up, this.#bpp);
    this.#onRow(pass, this.#y, this.#row);
    [this.#row, this.#up] = [this.#up, this.#row];
    this.#filter = -1;
    this.#filled = 0;
    this.#y++;
    if (this.#y < pass.h) return;
    this.#y = 0;
    this.#pass++;
    this.#row = new Uint8Array(this.#passes[this.#pass]?.rowBytes ?? 0);
    this.#up = this.#row.slice();
  }
}
