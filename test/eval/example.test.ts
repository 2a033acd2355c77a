import { describe, expect, test } from 'vitest';
import { HEAT_COLOURS } from '../../src/eval/colour_map.js';
import { drawExample, exampleSheet } from '../../src/eval/example.js';
import type { Canvas } from '../../src/eval/lettering.js';
import type { Picture } from '../../src/picture/picture.js';

describe('an example', () => {
  const picture: Picture = { name: 'p', width: 8, height: 4, channels: 3, data: new Uint8Array(96).fill(100) };
  // The upper half of the map is low, the lower one high; the mask marks one corner.
  const map = { width: 4, height: 4, data: Float32Array.from({ length: 16 }, (_, i) => (i < 8 ? -2 : 3)) };
  const mask = Uint8Array.from({ length: 16 }, (_, i) => Number(i === 15));

  test('keeps proportions, shows the range in the outermost colours, and the mask where it lies', () => {
    const drawn = drawExample(picture, mask, map, { lo: -2, hi: 3 }, 100);
    for (const { width, height, data } of Object.values(drawn))
      expect([width, height, data.length]).toEqual([8, 4, 96]);
    expect(drawn.picture.data).toEqual(picture.data);
    expect(drawn.heatmap.data.subarray(0, 3)).toEqual(HEAT_COLOURS.subarray(0, 3));
    expect(drawn.heatmap.data.subarray(93)).toEqual(HEAT_COLOURS.subarray(255 * 3));
    expect(drawn.overlay.data[0]).toBe(Math.round(0.5 * 100 + 0.5 * HEAT_COLOURS[0]!));
    // White beside what the mask marks, dark outside of that, the map inside.
    const at = (x: number, y: number): number => drawn.overlay.data[3 * (8 * y + x)]!;
    expect([at(5, 3), at(6, 2), at(4, 3), at(6, 1)]).toEqual([255, 255, 24, 24]);
    expect(at(6, 3)).toBe(Math.round(0.5 * 100 + 0.5 * HEAT_COLOURS[255 * 3]!));
    const white = [...drawn.mask.data.keys()].filter((i) => i % 3 === 0 && drawn.mask.data[i] === 255);
    expect(white.map((i) => i / 3)).toEqual([30, 31]);
  });

  test('is no longer than the limit; a missing mask is grey', () => {
    const drawn = drawExample(picture, undefined, map, { lo: -2, hi: 3 }, 4);
    for (const { width, height } of Object.values(drawn)) expect([width, height]).toEqual([4, 2]);
    expect(new Set(drawn.mask.data)).toEqual(new Set([128]));
  });

  test('takes a row of a sheet, above the colour scale', () => {
    const example = drawExample(picture, mask, map, { lo: -2, hi: 3 }, 100);
    const row = { name: 'a', example, masked: true, peak: 1, remark: 'missed', wrong: true };
    const sheetOf = (...rows: readonly (typeof row)[]) =>
      exampleSheet([{ heading: 'Worst', rows }], { lo: -2, hi: 3 }, 64);
    const [one, two] = [sheetOf(row), sheetOf(row, row)];
    expect(one.width).toBe(8 + 4 * 72);
    expect(two.width).toBe(one.width);
    expect(two.height - one.height).toBeGreaterThanOrEqual(32 + 8);
    // What was decided wrongly is said in red.
    const red = (canvas: Canvas): boolean =>
      canvas.data.some((v, i) => i % 3 === 0 && v === 176 && canvas.data[i + 1] === 16 && canvas.data[i + 2] === 24);
    expect([red(one), red(sheetOf({ ...row, wrong: false }))]).toEqual([true, false]);
    expect(() => exampleSheet([], { lo: 0, hi: 1 })).toThrow(/no examples/);
  });
});
