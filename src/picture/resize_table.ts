/**
 * The weights of Pillow's bicubic and bilinear resize of 8-bit pictures, integer for integer.
 *
 * Each output sample is a weighted sum of the input samples under a kernel, cubic (Keys, a = -0.5) or a triangle, that is
 * stretched by the scale when shrinking; taps beyond the border are cut off and the rest made to sum to one. Weights are rounded to
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

function cubic(distance: number): number {
  const x = Math.abs(distance);
  if (x < 1) return ((A + 2) * x - (A + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * A;
  return 0;
}

/** Half the width of each kernel, and its value at a distance from its centre. */
const KERNELS = {
  bicubic: { reach: 2, at: cubic },
  bilinear: { reach: 1, at: (distance: number): number => Math.max(0, 1 - Math.abs(distance)) },
};

export type ResizeKernel = keyof typeof KERNELS;

/**
 * The taps that resize an axis of `inSize` samples to `outSize`. Computed in float64 in Pillow's order of operations, so
 * that the rounded weights are the same integers.
 * @throws when a size is not a positive integer
 */
export function resizeTable(inSize: number, outSize: number, kernel: ResizeKernel = 'bicubic'): ResizeTable {
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
  const { reach, at } = KERNELS[kernel];
  const support = reach * stretch;
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
      row[t] = at((t + start[i]! - center(i) + 0.5) * inverse);
      sum += row[t]!;
    }
    for (let t = 0; t < count[i]!; t++) {
      const w = (sum === 0 ? row[t]! : row[t]! / sum) * one;
      weights[i * maxTaps + t] = Math.trunc(w < 0 ? w - 0.5 : w + 0.5);
    }
  }
  return { start, count, weights, maxTaps };
}

/** Tables used last, by sizes: a folder of pictures of one size needs two of them. */
const recent = new Map<string, ResizeTable>();
const MOST_RECENT = 64;

/** `resizeTable`, the same object for the same sizes while it is in use, so that its device copy is made once. */
export function keptResizeTable(inSize: number, outSize: number): ResizeTable {
  const key = `${inSize} ${outSize}`;
  const table = recent.get(key) ?? resizeTable(inSize, outSize);
  // A Map keeps the order of insertion: the first key is the one unused for longest.
  recent.delete(key);
  recent.set(key, table);
  if (recent.size > MOST_RECENT) recent.delete(recent.keys().next().value!);
  return table;
}
