import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { resizeOnHost } from '../../src/picture/host_resize.js';
import { nearestIndices, prepareMask } from '../../src/picture/mask.js';
import { keptResizeTable, resizeTable, WEIGHT_BITS } from '../../src/picture/resize_table.js';
import { goldenJson } from '../golden_files.js';

interface Case {
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
  readonly bicubic: string;
  readonly nearest: string;
}
const { cases } = goldenJson<{ cases: Case[] }>('resize.json');

function mix(seed: number): number {
  let x = seed ^ (seed >>> 16);
  x = Math.imul(x, 0x7feb352d);
  x ^= x >>> 15;
  x = Math.imul(x, 0x846ca68b);
  return (x ^ (x >>> 16)) >>> 0;
}

/** Noise, with three of seven pixels pure black or white so that overshoot is clipped at both ends. */
function formula(width: number, height: number): Uint8Array {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < data.length; i++) {
    const noise = mix(i) & 255;
    data[i] = Math.floor(i / 3) % 7 < 3 ? (noise > 127 ? 255 : 0) : noise;
  }
  return data;
}

const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex').slice(0, 16);

describe('resizing equals Pillow to the byte', () => {
  test.each(cases.map((c) => [`${c.from.join('x')} to ${c.to.join('x')}`, c] as const))('%s', (_, c) => {
    const [width, height] = c.from;
    const data = formula(width, height);
    expect(digest(resizeOnHost({ width, height, data }, ...c.to))).toBe(c.bicubic);
    const mask = { width, height, data: data.filter((_, i) => i % 3 === 0) };
    expect(digest(prepareMask(mask, ...c.to))).toBe(c.nearest);
  });
});

describe('the table', () => {
  test.each([
    [900, 518],
    [240, 518],
    [20000, 518],
    [1, 56],
    [57, 1],
  ])('%i to %i has taps within the input that sum to one', (inSize, outSize) => {
    const { start, count, weights, maxTaps } = resizeTable(inSize, outSize);
    expect([start.length, count.length, weights.length]).toEqual([outSize, outSize, outSize * maxTaps]);
    expect(Math.max(...count)).toBe(maxTaps);
    for (let i = 0; i < outSize; i++) {
      const row = weights.subarray(i * maxTaps, (i + 1) * maxTaps);
      expect(start[i]).toBeGreaterThanOrEqual(0);
      expect(start[i]! + count[i]!).toBeLessThanOrEqual(inSize);
      expect(Math.abs(row.reduce((a, b) => a + b, 0) - 2 ** WEIGHT_BITS)).toBeLessThanOrEqual(maxTaps);
      expect(row.subarray(count[i]).every((w) => w === 0)).toBe(true);
    }
  });

  test('sums of bytes fit 32-bit integers', () => {
    for (const [inSize, outSize] of [
      [240, 518],
      [900, 518],
      [5, 7],
      [4000, 518],
    ] as const) {
      const { weights, maxTaps } = resizeTable(inSize, outSize);
      for (let i = 0; i < outSize; i++) {
        const row = weights.subarray(i * maxTaps, (i + 1) * maxTaps);
        const positive = row.reduce((sum, w) => sum + Math.max(0, w), 0);
        expect(positive * 255 + 2 ** (WEIGHT_BITS - 1)).toBeLessThan(2 ** 31);
      }
    }
  });

  test('of equal sizes copies', () => {
    const { start, count, weights, maxTaps } = resizeTable(3, 3);
    const one = 2 ** WEIGHT_BITS;
    expect([[...start], [...count], [...weights], maxTaps]).toEqual([[0, 1, 2], [1, 1, 1], [one, one, one], 1]);
  });

  test('is kept while it is in use', () => {
    const table = keptResizeTable(31, 17);
    expect(table).toEqual(resizeTable(31, 17));
    // 63 others fill the rest of the cache, and using a table again makes it the newest.
    for (let n = 1; n <= 63; n++) keptResizeTable(n, 17 + n);
    expect(keptResizeTable(31, 17)).toBe(table);
    for (let n = 1; n <= 63; n++) keptResizeTable(n, 18 + n);
    expect(keptResizeTable(31, 17)).toBe(table);
    for (let n = 1; n <= 64; n++) keptResizeTable(n, 19 + n);
    expect(keptResizeTable(31, 17)).not.toBe(table);
  });

  test.each([
    [0, 5],
    [5, 0],
    [2.5, 5],
    [Number.NaN, 5],
  ])('refuses %d to %d', (a, b) => {
    expect(() => resizeTable(a, b)).toThrow(/resizeTable: bad size: expected positive integers/);
  });

  test('a resized picture never shares memory with its source', () => {
    const data = new Uint8Array(12);
    expect(resizeOnHost({ width: 2, height: 2, data }, 2, 2)).not.toBe(data);
  });
});

test('nearest takes the sample under the centre, not the one under the corner', () => {
  expect([...nearestIndices(4, 2)]).toEqual([1, 3]); // floor(i * scale) would give 0 and 2
  expect([...nearestIndices(2, 5)]).toEqual([0, 0, 1, 1, 1]);
});
