import { describe, expect, test } from 'vitest';
import { threefry } from '../../src/data/random.js';
import type { ScoreMap } from '../../src/detect/share_map.js';
import { HEAT_COLOURS, toOklab } from '../../src/eval/colour_map.js';
import { drawContour, maskToRgb, overlay, rangeOf, resizeMap, thresholdMap, toGray8 } from '../../src/eval/heatmap.js';
import type { Picture } from '../../src/picture/picture.js';

const map = (width: number, height: number, values: readonly number[]): ScoreMap => ({
  width,
  height,
  data: Float32Array.from(values),
});
const picture = (width: number, height: number, value: number): Picture => ({
  name: 'p',
  width,
  height,
  channels: 3,
  data: new Uint8Array(width * height * 3).fill(value),
});

describe('colours', () => {
  const step = (i: number) => [...HEAT_COLOURS.subarray(i * 3, i * 3 + 3)] as [number, number, number];

  test('run from blue to yellow in equal steps', () => {
    const [low, high] = [step(0), step(255)];
    expect(low[2]).toBeGreaterThan(2 * low[0]);
    expect(high[0]).toBeGreaterThan(1.5 * high[2]);
    expect(high[1]).toBeGreaterThan(1.5 * high[2]);
    const lengths: number[] = [];
    for (let i = 1; i < 256; i++) {
      const [a, b] = [toOklab(...step(i - 1)), toOklab(...step(i))];
      lengths.push(Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]));
    }
    const mean = lengths.reduce((a, b) => a + b, 0) / lengths.length;
    expect(Math.max(...lengths)).toBeLessThan(2 * mean); // rounding to bytes moves a step by about half
    expect(Math.min(...lengths)).toBeGreaterThan(0.2 * mean);
  });

  // Matrices for linear RGB at full severity: Machado, Oliveira and Fernandes, IEEE TVCG 15 (2009), table 1.
  const VISION = {
    normal: [1, 0, 0, 0, 1, 0, 0, 0, 1],
    protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
    deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
    tritanopia: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
  };

  test.each(Object.entries(VISION))('grow lighter and can be told apart: %s', (_, m) => {
    const linear = (v: number) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const bytes = (v: number) => 255 * (v <= 0.0031308 ? v * 12.92 : 1.055 * v ** (1 / 2.4) - 0.055);
    const seen = Array.from({ length: 256 }, (_, i) => {
      const rgb = step(i).map((v) => linear(v / 255));
      const dot = (row: number) => rgb.reduce((sum, v, c) => sum + m[3 * row + c]! * v, 0);
      const [r, g, b] = [0, 1, 2].map((row) => bytes(Math.min(1, Math.max(0, dot(row))))) as [number, number, number];
      return toOklab(r, g, b);
    });
    let [fall, nearest] = [0, Number.POSITIVE_INFINITY];
    for (let i = 0; i < 256; i++) {
      if (i > 0) fall = Math.max(fall, seen[i - 1]![0] - seen[i]![0]);
      for (let j = i + 64; j < 256; j++) {
        const [a, b] = [seen[i]!, seen[j]!];
        nearest = Math.min(nearest, Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]));
      }
    }
    expect(fall).toBeLessThan(0.001);
    // A quarter of the scale apart is a clear difference: about ten times what is just visible.
    expect(nearest).toBeGreaterThan(0.09);
  });

  test('OKLab of white and red', () => {
    const near = (got: readonly number[], want: readonly number[]) => {
      for (let i = 0; i < 3; i++) expect(got[i]!).toBeCloseTo(want[i]!, 4);
    };
    near(toOklab(255, 255, 255), [1, 0, 0]);
    near(toOklab(255, 0, 0), [0.62796, 0.22486, 0.12585]);
  });
});

describe('grey levels', () => {
  test('span the range and clamp', () => {
    expect([...toGray8(map(6, 1, [-1, 0, 0.5, 1, 2, Number.NaN]), 0, 1)]).toEqual([0, 0, 128, 255, 255, 0]);
  });

  test('of an empty range are black', () => {
    expect([...toGray8(map(2, 1, [3, 3]), 3, 3)]).toEqual([0, 0]);
  });
});

test('the range of a map ignores values that are not finite', () => {
  expect(rangeOf(map(4, 1, [Number.NaN, 2, -3, Number.POSITIVE_INFINITY]))).toEqual({ lo: -3, hi: 2 });
  expect(rangeOf(map(1, 1, [Number.NaN]))).toEqual({ lo: 0, hi: 0 });
});

describe('resizing a map', () => {
  test('matches sample centres and clamps at the border', () => {
    expect([...resizeMap(map(2, 1, [0, 4]), 4, 1).data]).toEqual([0, 1, 3, 4]);
    expect([...resizeMap(map(1, 2, [0, 4]), 2, 4).data]).toEqual([0, 0, 1, 1, 3, 3, 4, 4]);
    expect([...resizeMap(map(1, 1, [7]), 3, 2).data]).toEqual([7, 7, 7, 7, 7, 7]);
    expect([...resizeMap(map(4, 1, [0, 2, 4, 6]), 2, 1).data]).toEqual([1, 5]);
  });

  test('keeps a plane a plane, and a map of equal size as it is', () => {
    const plane = map(
      8,
      8,
      Array.from({ length: 64 }, (_, i) => (i % 8) + 3 * Math.floor(i / 8)),
    );
    expect(resizeMap(plane, 8, 8).data).toEqual(plane.data);
    const large = resizeMap(plane, 32, 16);
    const at = (x: number, y: number) => large.data[y * 32 + x]!;
    expect(at(17, 9) - at(16, 9)).toBeCloseTo(0.25, 5);
    expect(at(16, 9) - at(16, 8)).toBeCloseTo(1.5, 5);
  });

  test('refuses a map of another size', () => {
    expect(() => resizeMap(map(2, 2, [1]), 4, 4)).toThrow(/score map: wrong size: expected 2x2 scores, got 1/);
  });
});

describe('an overlay', () => {
  test('mixes picture and colours at the size of the picture', () => {
    const out = overlay(picture(4, 3, 100), map(2, 2, [0, 1, 0, 1]), 0, 1, 0.25);
    expect(out).toHaveLength(4 * 3 * 3);
    for (const [x, colour] of [
      [0, 0],
      [3, 255],
    ] as const) {
      const want = [0, 1, 2].map((c) => Math.round(75 + HEAT_COLOURS[colour * 3 + c]! * 0.25));
      expect([...out.subarray(x * 3, x * 3 + 3)]).toEqual(want);
    }
  });

  test('shows the picture alone at 0 and the colours alone at 1', () => {
    expect(overlay(picture(2, 2, 9), map(1, 1, [5]), 0, 1, 0)).toEqual(new Uint8Array(12).fill(9));
    expect(overlay(picture(1, 1, 9), map(1, 1, [5]), 0, 1, 1)).toEqual(new Uint8Array(HEAT_COLOURS.subarray(765)));
  });
});

/** 1 where a pixel is among the `thickness` outermost layers of its region: one unmarked neighbour after the other. */
function peeled(width: number, height: number, mask: Uint8Array, thickness: number): Uint8Array {
  let left = mask;
  for (let layer = 0; layer < thickness; layer++) {
    const before = left;
    const out = (x: number, y: number) => x >= 0 && x < width && y >= 0 && y < height && before[y * width + x] === 0;
    left = before.map((v, i) => {
      const [x, y] = [i % width, Math.floor(i / width)];
      return out(x - 1, y) || out(x + 1, y) || out(x, y - 1) || out(x, y + 1) ? 0 : v;
    });
  }
  return mask.map((v, i) => v - left[i]!);
}

describe('a threshold', () => {
  test('takes values at or above it', () => {
    expect([...thresholdMap(map(3, 1, [0.4, 0.5, 0.6]), 3, 1, 0.5)]).toEqual([0, 1, 1]);
  });

  test('is outlined inside the region, and not along the border of the picture', () => {
    const mask = Uint8Array.from({ length: 25 }, (_, i) => (i % 5 < 3 ? 1 : 0));
    const rgb = new Uint8Array(75);
    drawContour(rgb, 5, 5, mask, [255, 0, 0], 1);
    expect([...rgb.filter((_, i) => i % 3 === 0)].map((v) => (v ? '#' : '.')).join('')).toBe('..#..'.repeat(5));
    drawContour(rgb, 5, 5, mask, [255, 0, 0], 2);
    expect([...rgb.filter((_, i) => i % 3 === 0)].map((v) => (v ? '#' : '.')).join('')).toBe('.##..'.repeat(5));
    expect(() => drawContour(rgb, 4, 5, mask)).toThrow(/wrong size: expected 5x4 pixels, got 25/);
  });

  test('is outlined pixel for pixel as by peeling layer after layer', () => {
    for (const [width, height, share] of [
      [1, 1, 0.5],
      [7, 1, 0.7],
      [31, 23, 0.5],
      [40, 37, 0.97],
    ] as const) {
      const mask = Uint8Array.from({ length: width * height }, (_, i) =>
        Number(threefry([5, 0], [i, 0])[0] < share * 2 ** 32),
      );
      for (const thickness of [1, 2, 5]) {
        const rgb = new Uint8Array(3 * mask.length);
        drawContour(rgb, width, height, mask, [1, 2, 3], thickness);
        const layers = peeled(width, height, mask, thickness);
        expect(rgb).toEqual(Uint8Array.from(rgb, (_, k) => (layers[Math.floor(k / 3)] ? 1 + (k % 3) : 0)));
      }
    }
  });

  test('becomes black and white', () => {
    expect([...maskToRgb(Uint8Array.of(0, 1))]).toEqual([0, 0, 0, 255, 255, 255]);
  });
});
