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
      // A stroke is convex: the pixels of a row that belong to it follow one another.
      let [start, end] = [left, left];
      for (let x = left; x < right; x++) {
        const px = x + 0.5 - x0;
        const py = y + 0.5 - y0;
        const along = square === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / square));
        const [ax, ay] = [px - along * dx, py - along * dy];
        if (ax * ax + ay * ay <= radius * radius) {
          if (end === left) start = x;
          end = x + 1;
        } else if (end > left) break;
      }
      this.#fill(y * this.width + start, y * this.width + end, value);
    }
  }

  /** Marks or clears the rectangle between two opposite corners, in pixels. */
  rectangle(x0: number, y0: number, x1: number, y1: number, value: 0 | 1): void {
    const left = Math.max(0, Math.floor(Math.min(x0, x1)));
    const right = Math.min(this.width, Math.ceil(Math.max(x0, x1)));
    const bottom = Math.min(this.height, Math.ceil(Math.max(y0, y1)));
    for (let y = Math.max(0, Math.floor(Math.min(y0, y1))); y < bottom; y++) {
      this.#fill(y * this.width + left, y * this.width + right, value);
    }
  }

  /** Takes over a whole mask, not 0 where the picture is faulty, as one step. @param data [height * width] */
  open(data: Uint8Array): void {
    const { length } = this.data;
    for (let start = 0, end = 0; start < length; start = end) {
      const value = data[start] ? 1 : 0;
      while (end < length && (data[end] ? 1 : 0) === value) end++;
      this.#fill(start, end, value);
    }
    this.commit();
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

  /** Turns the pixels from `start` to before `end` over. */
  #turn(start: number, end: number): void {
    let more = 0;
    for (let i = start; i < end; i++) {
      const value = 1 - this.data[i]!;
      this.data[i] = value;
      more += 2 * value - 1;
    }
    this.marked += more;
  }

  /** Sets the pixels from `start` to before `end`; those that it turns over belong to the step. */
  #fill(start: number, end: number, value: 0 | 1): void {
    const { data } = this;
    for (let i = start; i < end; i++) {
      if (data[i] === value) continue;
      const from = i;
      while (i < end && data[i] !== value) data[i++] = value;
      this.marked += value === 1 ? i - from : from - i;
      if (this.#runs.at(-1) === from) this.#runs[this.#runs.length - 1] = i;
      else this.#runs.push(from, i);
    }
  }
}
