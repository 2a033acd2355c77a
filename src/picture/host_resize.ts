/** Pillow's resize of 8-bit pictures in plain loops: the horizontal pass rounded to 8 bits, then the vertical one. */
import type { Picture } from './picture.js';
import { type ResizeKernel, type ResizeTable, resizeTable, WEIGHT_BITS } from './resize_table.js';

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
  const rows = picture.height;
  let data = picture.data;
  if (width !== picture.width) {
    const out = new Uint8Array(width * rows * 3);
    const table = resizeTable(picture.width, width, kernel);
    pass(data, out, table, rows, { pitch: picture.width * 3, step: 3 }, { pitch: width * 3, step: 3 });
    data = out;
  }
  if (height !== rows) {
    const out = new Uint8Array(width * height * 3);
    pass(
      data,
      out,
      resizeTable(rows, height, kernel),
      width,
      { pitch: 3, step: width * 3 },
      { pitch: 3, step: width * 3 },
    );
    data = out;
  }
  return data === picture.data ? data.slice() : data;
}
