/** A mask that is painted: strokes, rectangles, and undo as the runs of pixels that a change turned over. */

/** Steps that can be undone. */
const STEPS = 100;

export class MaskEdit {
  readonly width: number;
  readonly height: number;
  /** 1 where the picture is faulty, else 0; row by row. [height * width] */
  readonly data: Uint8Array;
  /** Pixels marked. */
  marked = 0;
  readonly #done: number[][] = [];
  #undone: number[][] = [];
  /** First pixel and end of each run turned over since `begin`. */
  #runs: number[] = [];

  /** @param width of the picture, in pixels; @param height likewise. */
  constructor(width: number, height: number) {
    this.width = width;
    this.height = height;
    this.data = new Uint8Array(width * height);
  }

  /** Marks (1) or clears (0) the pixels whose centres lie within `radius` of the segment from (x0, y0) to (x1, y1). */
  stroke(x0: number, y0: number, x1: number, y1: number, radius: number, value: 0 | 1): void {
    const [dx, dy] = [x1 - x0, y1 - y0];
    const square = dx * dx + dy * dy;
    const left = Math.max(0, Math.floor(Math.min(x0, x1) - radius));
    const right = Math.min(this.width, Math.ceil(Math.max(x0, x1) + radius));
    const bottom = Math.min(this.height, Math.ceil(Math.max(y0, y1) + radius));
    for (let y = Math.max(0, Math.floor(Math.min(y0, y1) - radius)); y < bottom; y++) {
      for (let x = left; x < right; x++) {
        const [px, py] = [x + 0.5 - x0, y + 0.5 - y0];
        const along = square === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / square));
        if ((px - along * dx) ** 2 + (py - along * dy) ** 2 <= radius * radius) this.#fill(y, x, x + 1, value);
      }
    }
  }

  /** Marks or clears the rectangle between two opposite corners, in pixels. */
  rectangle(x0: number, y0: number, x1: number, y1: number, value: 0 | 1): void {
    const left = Math.max(0, Math.floor(Math.min(x0, x1)));
    const right = Math.min(this.width, Math.ceil(Math.max(x0, x1)));
    const bottom = Math.min(this.height, Math.ceil(Math.max(y0, y1)));
    for (let y = Math.max(0, Math.floor(Math.min(y0, y1))); y < bottom; y++) this.#fill(y, left, right, value);
  }

  /** Takes over a whole mask, not 0 where the picture is faulty, as one step. @param data [height * width] */
  open(data: Uint8Array): void {
    for (let i = 0; i < this.data.length; i++) this.#fill(0, i, i + 1, data[i] ? 1 : 0);
    this.commit();
  }

  /** The mask at another size, each pixel the nearest one's. @returns [height * width] */
  scaledTo(width: number, height: number): Uint8Array {
    const to = new Uint8Array(width * height);
    for (let y = 0; y < height; y++) {
      const row = Math.floor(((y + 0.5) * this.height) / height) * this.width;
      for (let x = 0; x < width; x++) {
        to[y * width + x] = this.data[row + Math.floor(((x + 0.5) * this.width) / width)] ?? 0;
      }
    }
    return to;
  }

  /** Ends a step: what was drawn since the last one is undone together. */
  commit(): void {
    if (this.#runs.length === 0) return;
    this.#done.push(this.#runs);
    if (this.#done.length > STEPS) this.#done.shift();
    this.#undone = [];
    this.#runs = [];
  }

  /** Takes the last step back; false where there is none. */
  undo(): boolean {
    return this.#move(this.#done, this.#undone);
  }

  /** Does the step again that was undone last; false where there is none. */
  redo(): boolean {
    return this.#move(this.#undone, this.#done);
  }

  #move(from: number[][], to: number[][]): boolean {
    this.commit();
    const runs = from.pop();
    if (!runs) return false;
    for (let i = 0; i < runs.length; i += 2) this.#turn(runs[i] ?? 0, runs[i + 1] ?? 0);
    to.push(runs);
    return true;
  }

  #turn(start: number, end: number): void {
    for (let i = start; i < end; i++) {
      const value = 1 - (this.data[i] ?? 0);
      this.data[i] = value;
      this.marked += value === 1 ? 1 : -1;
    }
  }

  #fill(y: number, left: number, right: number, value: 0 | 1): void {
    for (let i = y * this.width + left; i < y * this.width + right; i++) {
      if (this.data[i] === value) continue;
      this.#turn(i, i + 1);
      if (this.#runs.at(-1) === i) this.#runs[this.#runs.length - 1] = i + 1;
      else this.#runs.push(i, i + 1);
    }
  }
}
