/** Changes of pictures step by step: geometry on planes [C, H, W] in float64, colours on RGB bytes in float32. */
import type { ColourJitter } from '../../src/picture/augment_colour.js';
import type { Geometry } from '../../src/picture/augment_geometry.js';

const even = (v: number): number => {
  const low = Math.floor(v);
  return v - low > 0.5 || (v - low === 0.5 && low % 2 !== 0) ? low + 1 : low;
};

/** y[c, row, column] = x[c, from(row, column)], 0 where that is outside. */
function gathered(
  x: ArrayLike<number>,
  [channels, height, width]: readonly [number, number, number],
  from: (row: number, column: number) => readonly [number, number],
): Float64Array {
  const y = new Float64Array(channels * height * width);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const [r, k] = from(row, column);
      if (r < 0 || r >= height || k < 0 || k >= width) continue;
      for (let c = 0; c < channels; c++) y[(c * height + row) * width + column] = x[(c * height + r) * width + k]!;
    }
  }
  return y;
}

/** Turn, shift, mirror: each step makes a new picture. */
export function geometryReference(
  x: ArrayLike<number>,
  shape: readonly [number, number, number],
  { rotate, translate: [right, down], horizontalFlip, verticalFlip }: Geometry,
): Float64Array {
  const [, height, width] = shape;
  const [cos, sin] = [Math.cos((rotate * Math.PI) / 180), Math.sin((rotate * Math.PI) / 180)];
  const [middleX, middleY] = [(width - 1) / 2, (height - 1) / 2];
  let y = gathered(x, shape, (row, column) => {
    const [dx, dy] = [column - middleX, row - middleY];
    return [even(middleY + sin * dx + cos * dy), even(middleX + cos * dx - sin * dy)];
  });
  y = gathered(y, shape, (row, column) => [row - down, column - right]);
  if (horizontalFlip) y = gathered(y, shape, (row, column) => [row, width - 1 - column]);
  if (verticalFlip) y = gathered(y, shape, (row, column) => [height - 1 - row, column]);
  return y;
}

const f = Math.fround;

/** from + factor * (to - from) in float32, cut off to 8 bits. */
function mixed(from: number, to: number, factor: number): number {
  return Math.trunc(Math.min(255, Math.max(0, f(from + f(f(factor) * (to - from))))));
}

const greyOf = (r: number, g: number, b: number): number => (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;

/** Brightness, contrast, saturation: each step makes a new picture. */
export function colourReference(rgb: Uint8Array, { brightness, contrast, saturation }: ColourJitter): Uint8Array {
  let x = Uint8Array.from(rgb);
  const greys = () => Array.from({ length: x.length / 3 }, (_, i) => greyOf(x[3 * i]!, x[3 * i + 1]!, x[3 * i + 2]!));
  if (brightness !== undefined) x = x.map((v) => mixed(0, v, brightness));
  if (contrast !== undefined) {
    const mean = Math.trunc(greys().reduce((sum, v) => sum + v, 0) / (x.length / 3) + 0.5);
    x = x.map((v) => mixed(mean, v, contrast));
  }
  if (saturation !== undefined) {
    const grey = greys();
    x = x.map((v, i) => mixed(grey[Math.floor(i / 3)]!, v, saturation));
  }
  return x;
}
