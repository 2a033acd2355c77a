/** Interpolation and blur written out sample by sample, without tables. */
import { type Arr, zerosLike } from './arr.js';
import { concat, reshape, slice, split } from './shape.js';

/** Applies a function of whole lines along an axis. */
export function alongAxis(x: Arr, axis: number, outSize: number, line: (x: Float64Array) => Float64Array): Arr {
  const [outer, length, inner] = split(x.shape, axis);
  const y = zerosLike(x.shape.with(axis, outSize));
  for (let o = 0; o < outer; o++)
    for (let i = 0; i < inner; i++) {
      const from = Float64Array.from({ length }, (_, l) => x.data[(o * length + l) * inner + i]!);
      line(from).forEach((v, l) => {
        y.data[(o * outSize + l) * inner + i] = v;
      });
    }
  return y;
}

/** Linear interpolation between neighbours, ends on ends. */
export function bilinear(x: Float64Array, outSize: number): Float64Array {
  return Float64Array.from({ length: outSize }, (_, l) => {
    const at = outSize === 1 ? 0 : (l / (outSize - 1)) * (x.length - 1);
    const left = Math.min(Math.floor(at), Math.max(0, x.length - 2));
    const right = Math.min(left + 1, x.length - 1);
    return x[left]! + (at - left) * (x[right]! - x[left]!);
  });
}

/** Keys' kernel, a = -0.5. */
function keys(d: number): number {
  const t = Math.abs(d);
  if (t >= 2) return 0;
  return t < 1 ? 1.5 * t ** 3 - 2.5 * t ** 2 + 1 : -0.5 * t ** 3 + 2.5 * t ** 2 - 4 * t + 2;
}

/** Antialiased bicubic: every input within reach weighted by the stretched kernel, weights made to sum to one. */
export function bicubic(x: Float64Array, outSize: number): Float64Array {
  const scale = x.length / outSize;
  const stretch = Math.max(1, scale);
  return Float64Array.from({ length: outSize }, (_, l) => {
    let total = 0;
    let sum = 0;
    for (let j = 0; j < x.length; j++) {
      const w = keys((j + 0.5 - (l + 0.5) * scale) / stretch);
      total += w;
      sum += w * x[j]!;
    }
    return sum / total;
  });
}

/** Gaussian blur; beyond an end the line is read backwards, the end itself not twice. */
export function blur(x: Float64Array, taps: number, sigma: number): Float64Array {
  const radius = (taps - 1) / 2;
  const read = (at: number): number => {
    let i = at;
    while (x.length > 1 && (i < 0 || i >= x.length)) i = i < 0 ? -i : 2 * (x.length - 1) - i;
    return x[x.length === 1 ? 0 : i]!;
  };
  return x.map((_, l) => {
    let total = 0;
    let sum = 0;
    for (let t = -radius; t <= radius; t++) {
      const w = Math.exp(-0.5 * (t / sigma) ** 2);
      total += w;
      sum += w * read(l + t);
    }
    return sum / total;
  });
}

export const alongBoth = (
  x: Arr,
  rows: number,
  columns: number,
  line: (x: Float64Array, n: number) => Float64Array,
): Arr => {
  const axis = x.shape.length - 2;
  return alongAxis(
    alongAxis(x, axis, rows, (v) => line(v, rows)),
    axis + 1,
    columns,
    (v) => line(v, columns),
  );
};

/** Antialiased bicubic resize of all rows but the first of [1 + g g, W]. */
export function resizePositional(x: Arr, grid: number): Arr {
  const [rows, width] = x.shape as [number, number];
  const old = Math.sqrt(rows - 1);
  const square = reshape(slice(x, 0, 1, rows - 1), [old, old, width]);
  const once = alongAxis(square, 0, grid, (v) => bicubic(v, grid));
  const both = alongAxis(once, 1, grid, (v) => bicubic(v, grid));
  return concat([slice(x, 0, 0, 1), reshape(both, [grid * grid, width])], 0);
}

/** (s1 + 1 - s0) / 2, blurred, then interpolated, each on its own. */
export function scoreMap(s: Arr, size: number, taps: number, sigma: number): Arr {
  const [one, zero] = [slice(s, 1, 1, 1), slice(s, 1, 0, 1)];
  const score: Arr = { shape: one.shape, data: one.data.map((v, i) => (v + 1 - zero.data[i]!) / 2) };
  const [rows, columns] = score.shape.slice(2) as [number, number];
  const blurred = alongBoth(score, rows, columns, (v) => blur(v, taps, sigma));
  return alongBoth(blurred, size, size, bilinear);
}
