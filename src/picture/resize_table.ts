/**
 * Pillow's bicubic resize of 8-bit pictures, reproduced to the byte: coefficient tables, and the resize in plain loops.
 *
 * Each output sample is a weighted sum of the input samples under a cubic kernel (Keys, a = -0.5) that is stretched by
 * the scale when shrinking; taps beyond the border are cut off and the rest made to sum to one. Weights are rounded to
 * 22 fractional bits, sums are integers, and the horizontal pass is rounded to 8 bits before the vertical one begins.
 */

/** Fractional bits of a weight: 32 minus 8 for the sample minus 2 for sign and overshoot. */
export const WEIGHT_BITS = 22;

/** Taps of one axis: output i reads inputs `start[i] .. start[i] + count[i]` with `weights[i * maxTaps ..]`. */
export interface ResizeTable {
  readonly start: Int32Array;
  readonly count: Int32Array;
  /** Fixed-point weights, [out, maxTaps], zero beyond `count`. */
  readonly weights: Int32Array;
  readonly maxTaps: number;
}

const A = -0.5;
const SUPPORT = 2;

function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * A;
  return 0;
}

/**
 * The taps that resize an axis of `inSize` samples to `outSize`. Computed in float64 in Pillow's order of operations, so
 * that the rounded weights are the same integers.
 * @throws when a size is not a positive integer
 */
export function resizeTable(inSize: number, outSize: number): ResizeTable {
  if (!(Number.isInteger(inSize) && inSize > 0 && Number.isInteger(outSize) && outSize > 0)) {
    throw new Error(`resizeTable: bad size: expected positive integers, got ${inSize} to ${outSize}`);
  }
  const start = new Int32Array(outSize);
  const count = new Int32Array(outSize);
  const one = 2 ** WEIGHT_BITS;
  if (inSize === outSize) {
    // The kernel is 1 at 0 and 0 at the other integers: one tap each.
    return {
      start: start.map((_, i) => i),
      count: count.fill(1),
      weights: new Int32Array(outSize).fill(one),
      maxTaps: 1,
    };
  }
  const scale = inSize / outSize;
  const stretch = Math.max(scale, 1);
  const support = SUPPORT * stretch;
  const inverse = 1 / stretch;
  const center = (i: number) => (i + 0.5) * scale;
  for (let i = 0; i < outSize; i++) {
    start[i] = Math.max(0, Math.trunc(center(i) - support + 0.5));
    count[i] = Math.min(inSize, Math.trunc(center(i) + support + 0.5)) - start[i]!;
  }
  const maxTaps = count.reduce((a, b) => Math.max(a, b), 0);
  const weights = new Int32Array(outSize * maxTaps);
  const row = new Float64Array(maxTaps);
  for (let i = 0; i < outSize; i++) {
    let sum = 0;
    for (let t = 0; t < count[i]!; t++) {
      row[t] = cubic((t + start[i]! - center(i) + 0.5) * inverse);
      sum += row[t]!;
    }
    for (let t = 0; t < count[i]!; t++) {
      const w = (sum === 0 ? row[t]! : row[t]! / sum) * one;
      weights[i * maxTaps + t] = Math.trunc(w < 0 ? w - 0.5 : w + 0.5);
    }
  }
  return { start, count, weights, maxTaps };
}

/** One pass along an axis: `lines` runs of `size` samples, `step` apart, runs `pitch` apart; 3 channels side by side. */
function pass(src: Uint8Array, dst: Uint8Array, table: ResizeTable, lines: number, inAt: Axis, outAt: Axis): void {
  const { start, count, weights, maxTaps } = table;
  const half = 2 ** (WEIGHT_BITS - 1);
  for (let line = 0; line < lines; line++) {
    for (let i = 0; i < start.length; i++) {
      let from = line * inAt.pitch + start[i]! * inAt.step;
      let r = half;
      let g = half;
      let b = half;
      for (let t = i * maxTaps, end = t + count[i]!; t < end; t++, from += inAt.step) {
        const w = weights[t]!;
        r += src[from]! * w;
        g += src[from + 1]! * w;
        b += src[from + 2]! * w;
      }
      const to = line * outAt.pitch + i * outAt.step;
      dst[to] = clip(r);
      dst[to + 1] = clip(g);
      dst[to + 2] = clip(b);
    }
  }
}

interface Axis {
  readonly pitch: number;
  readonly step: number;
}

function clip(fixed: number): number {
  return Math.min(Math.max(fixed >> WEIGHT_BITS, 0), 255);
}

/**
 * Bicubic resize of an RGB picture on the CPU, [height, width, 3] bytes; an axis that keeps its size is not filtered.
 * Serves as the reference of the kernel and where no device is at hand.
 */
export function resizePicture(
  picture: { readonly width: number; readonly height: number; readonly data: Uint8Array },
  width: number,
  height: number,
): Uint8Array {
  const rows = picture.height;
  let data = picture.data;
  if (width !== picture.width) {
    const out = new Uint8Array(width * rows * 3);
    const table = resizeTable(picture.width, width);
    pass(data, out, table, rows, { pitch: picture.width * 3, step: 3 }, { pitch: width * 3, step: 3 });
    data = out;
  }
  if (height !== rows) {
    const out = new Uint8Array(width * height * 3);
    pass(data, out, resizeTable(rows, height), width, { pitch: 3, step: width * 3 }, { pitch: 3, step: width * 3 });
    data = out;
  }
  return data === picture.data ? data.slice() : data;
}
