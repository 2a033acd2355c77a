/** The legend of heatmaps: the picture stays, the colours run below it, and texts appear where they fit. */
import { expect, test } from 'vitest';
import { HEAT_COLOURS } from '../../src/eval/colour_map.js';
import { type LegendMarks, withLegend } from '../../src/eval/heat_legend.js';
import { createCanvas } from '../../src/eval/lettering.js';

const MARKS: LegendMarks = [
  { value: '0', meaning: 'good' },
  { value: '0.5', meaning: 'threshold' },
  { value: '1', meaning: 'faulty' },
];
const drawn = (width: number, height = 40) => withLegend(createCanvas(width, height, [9, 9, 9]), MARKS);
type Drawn = ReturnType<typeof drawn>;
const pixel = ({ width, data }: Drawn, x: number, y: number) => [...data.subarray(3 * (y * width + x)).subarray(0, 3)];
const step = (i: number) => [...HEAT_COLOURS.subarray(3 * i, 3 * i + 3)];

/** Columns below the colours with a dark pixel. */
function inked(canvas: Drawn, from: number): number[] {
  const columns = Array.from({ length: canvas.width }, (_, x) => x);
  return columns.filter((x) => {
    for (let y = from; y < canvas.height; y++) if (pixel(canvas, x, y)[0] === 32) return true;
    return false;
  });
}

test('the picture is kept, and the colours run from left to right below it', () => {
  const canvas = drawn(256);
  expect([canvas.width, canvas.height]).toEqual([256, 40 + 6 + 11]);
  expect(canvas.data.subarray(0, 256 * 40 * 3).every((v) => v === 9)).toBe(true);
  for (const x of [0, 60, 200, 255]) expect(pixel(canvas, x, 42), `${x}`).toEqual(step(x));
  expect(pixel(canvas, 127, 42), 'line at the threshold').toEqual([255, 255, 255]);
});

test('texts stand at the ends and in the middle, apart, and grow with the picture', () => {
  const [small, large] = [drawn(256), drawn(1024)];
  for (const [canvas, scale] of [
    [small, 1],
    [large, 5],
  ] as const) {
    expect(canvas.height).toBe(40 + 17 * scale);
    const columns = inked(canvas, 40 + 6 * scale);
    // Letters are at most 5 pixels apart within a word or at a space, at scale 1.
    const gaps = columns.slice(1).filter((x, i) => x - columns[i]! > 12 * scale);
    expect(gaps).toHaveLength(2);
    expect(columns[0]).toBeLessThan(4 * scale);
    expect(columns.at(-1)).toBeGreaterThan(canvas.width - 5 * scale);
  }
});

test('a small picture has the values alone, and one that is too narrow for them no legend', () => {
  const small = drawn(64);
  expect([small.width, small.height]).toEqual([64, 57]);
  const columns = inked(small, 46);
  expect(columns.slice(1).filter((x, i) => x - columns[i]! > 12)).toHaveLength(2);
  // "0", "0.5" and "1" take at most 27 columns.
  expect(columns.length).toBeLessThan(28);
  const narrow = drawn(30);
  expect([narrow.width, narrow.height]).toEqual([30, 40]);
});
