import { describe, expect, it } from 'vitest';
import { prepareMask } from '#src/picture/mask';

/** Cells of a mask that a hash marks, so that Pillow can be given the same. */
function cells(width: number, height: number, cell: number): Uint8Array {
  const lowbias32 = (i: number): number => {
    let v = i ^ (i >>> 16);
    v = Math.imul(v, 0x7feb352d);
    v = Math.imul(v ^ (v >>> 15), 0x846ca68b);
    return (v ^ (v >>> 16)) >>> 0;
  };
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return lowbias32(Math.floor(y / cell) * 1000 + Math.floor(x / cell)) % 3 === 0 ? 200 : 0;
  });
}

describe('a mask that is resized bilinearly', () => {
  // Image.resize(..., Image.BILINEAR) of Pillow 9.4.0 on 0 and 255, then / 255 > 0.5.
  it.each([
    [40, 23, 5, '#.#....## #.#....## .....#... ....##... ..#####.. ..#####.. .#..##.## .#...#.## #.....##.'],
    [
      ...([7, 5, 2] as const),
      '#####....#####.. #####....#####.. #####....#####.. #####....#####.. ####......###... ................ ................ ................ ................ ................ .........####### .........#######',
    ],
    [
      ...([31, 31, 4] as const),
      '####....####............####### ................####........... ................####........... ........################....... ....####........####....####### ####................########... ........########........####... ........########........####... ............................... ........................####...',
    ],
  ] as const)('of %d x %d pixels is that of Pillow', (width, height, cell, text) => {
    const rows = text.split(' ');
    const got = prepareMask(
      { width, height, data: cells(width, height, cell) },
      rows[0]!.length,
      rows.length,
      1,
      'bilinear',
    );
    expect([...got].map((v) => '.#'[v]).join('')).toBe(rows.join(''));
  });

  it('takes the threshold before it is resized, and counts more than half of a pixel', () => {
    const mask = { width: 2, height: 1, data: Uint8Array.of(127, 128) };
    expect([...prepareMask(mask, 2, 1, 128, 'bilinear')]).toEqual([0, 1]);
    expect([...prepareMask(mask, 1, 1, 128, 'bilinear')]).toEqual([1]); // 127.5, which Pillow rounds up
    expect([...prepareMask({ width: 3, height: 1, data: Uint8Array.of(0, 0, 9) }, 1, 1, 1, 'bilinear')]).toEqual([0]);
  });
});
