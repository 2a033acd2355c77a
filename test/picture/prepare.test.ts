import { expect, test } from 'vitest';
import { CLIP_MEAN, CLIP_STD, normalizePixels } from '../../src/picture/prepare.js';

test('normalisation gives planes near (v / 255 - mean) / std, rounded to float32 at each step', () => {
  const rgb = Uint8Array.from({ length: 256 * 3 }, (_, i) => Math.floor(i / 3));
  const out = normalizePixels(rgb, 256, 1);
  expect(out).toHaveLength(3 * 256);
  for (let c = 0; c < 3; c++) {
    for (let v = 0; v < 256; v++) {
      const want = (v / 255 - CLIP_MEAN[c]!) / CLIP_STD[c]!;
      expect(Math.abs(out[c * 256 + v]! - want)).toBeLessThan(1e-6);
    }
  }
  // Values of PyTorch 1.13 that rounding once, from float64, would miss.
  expect([out[138], out[256 + 134], out[512 + 142]]).toEqual([
    0.22232039272785187, 0.25894391536712646, 0.5390297174453735,
  ]);
});

test('pixels of another size are refused', () => {
  expect(() => normalizePixels(new Uint8Array(11), 2, 2)).toThrow(/expected 2x2x3 = 12 bytes, got 11/);
});
