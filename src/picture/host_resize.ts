/** Pillow's resize of 8-bit pictures in plain loops: the horizontal pass rounded to 8 bits, then the vertical one. */
import type { Picture } from './picture.js';
import { type ResizeKernel, type ResizeTable, resizeTable, WEIGHT_BITS } from './resize_table.js';

const HALF = 1 << (WEIGHT_BITS - 1);

/** Of a sum in fixed point. The sums stay in 32 bits, and `imul` keeps them integers: 0 times a negative weight is -0 otherwise. */
function clip(fixed: number): number {
  return Math.min(Math.max(fixed >> WEIGHT_BITS, 0), 255);
}

/** Resizes each of `rows` rows of `width` RGB pixels. */
function across(src: Uint8Array, width: number, rows: number, table: ResizeTable): Uint8Array {
  const { start, count, weights, maxTaps } = table;
  const out = new Uint8Array(start.length * rows * 3);
  for (let y = 0, to = 0; y < rows; y++) {
    for (let i = 0; i < start.length; i++, to += 3) {
      let from = (y * width + start[i]!) * 3;
      let r = HALF;
      let g = HALF;
      let b = HALF;
      for (let t = i * maxTaps, end = t + count[i]!; t < end; t++, from += 3) {
        const w = weights[t]!;
        r = (r + Math.imul(src[from]!, w)) | 0;
        g = (g + Math.imul(src[from + 1]!, w)) | 0;
        b = (b + Math.imul(src[from + 2]!, w)) | 0;
      }
      out[to] = clip(r);
      out[to + 1] = clip(g);
      out[to + 2] = clip(b);
    }
  }
  return out;
}

/** Resizes the columns of an RGB picture `width` pixels wide; rows are made one after the other, so that memory is read in its order. */
function down(src: Uint8Array, width: number, table: ResizeTable): Uint8Array {
  const { start, count, weights, maxTaps } = table;
  const row = width * 3;
  const out = new Uint8Array(start.length * row);
  for (let i = 0, to = 0; i < start.length; i++) {
    const first = i * maxTaps;
    const end = first + count[i]!;
    for (let k = start[i]! * row, last = k + row; k < last; k++, to++) {
      let sum = HALF;
      for (let t = first, from = k; t < end; t++, from += row) sum = (sum + Math.imul(src[from]!, weights[t]!)) | 0;
      out[to] = clip(sum);
    }
  }
  return out;
}

/**
 * Resize of an RGB picture on the CPU, bicubic unless another kernel is named; an axis that keeps its size is not filtered.
 *
 * For thumbnails and sheets, where there is no device; the kernel's tests use it as their reference.
 * @returns [height, width, 3] bytes, never the picture's own memory
 */
export function resizeOnHost(
  picture: Pick<Picture, 'width' | 'height' | 'data'>,
  width: number,
  height: number,
  kernel: ResizeKernel = 'bicubic',
): Uint8Array {
  const wide = width !== picture.width;
  const tall = height !== picture.height;
  if (!wide && !tall) return picture.data.slice();
  const rows = wide
    ? across(picture.data, picture.width, picture.height, resizeTable(picture.width, width, kernel))
    : picture.data;
  return tall ? down(rows, width, resizeTable(picture.height, height, kernel)) : rows;
}
