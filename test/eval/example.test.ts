import { describe, expect, test } from 'vitest';
import { HEAT_COLOURS } from '../../src/eval/colour_map.js';
import { chooseExamples, drawExample, exampleSheet } from '../../src/eval/example.js';
import type { Picture } from '../../src/picture/picture.js';

const labels = (normal: number, abnormal: number): number[] => [
  ...new Array<number>(normal).fill(0),
  ...new Array<number>(abnormal).fill(1),
];

describe('examples of a class', () => {
  test('are a quarter normal, spread over the list, in its order', () => {
    const chosen = chooseExamples(labels(20, 60));
    expect(chosen).toEqual([5, 15, 25, 35, 45, 55, 65, 75]);
    expect(chooseExamples([1, 0, 1, 1, 0, 1], 4)).toEqual([0, 3, 4, 5]);
  });

  test.each([
    [3, 2, 5],
    [0, 30, 8],
    [30, 0, 8],
    [30, 2, 8],
    [1, 30, 8],
  ])('of %i normal and %i abnormal ones are %i', (normal, abnormal, count) => {
    const chosen = chooseExamples(labels(normal, abnormal));
    expect(new Set(chosen).size).toBe(count);
    if (normal > 0 && abnormal > 0) expect([...chosen.keys()].some((i) => chosen[i]! < normal)).toBe(true);
    if (abnormal > 0) expect(chosen.filter((i) => i >= normal).length).toBeGreaterThanOrEqual(Math.min(2, abnormal));
  });
});

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
    const one = exampleSheet([{ name: 'a', example, peak: 1 }], { lo: -2, hi: 3 }, 64);
    const two = exampleSheet(
      [0, 1].map((i) => ({ name: `${i}`, example, peak: 0.5 })),
      { lo: -2, hi: 3 },
      64,
    );
    expect(one.width).toBe(8 + 4 * 72);
    expect(two.width).toBe(one.width);
    expect(two.height - one.height).toBeGreaterThanOrEqual(32 + 8);
    expect(() => exampleSheet([], { lo: 0, hi: 1 })).toThrow(/no examples/);
  });
});
