import { expect, test } from 'vitest';
import { preparePicture } from '../../src/picture/resize_picture.js';
import { read } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { CLIP_MEAN, CLIP_STD } from '../reference/normalize.js';

test('normalisation gives planes near (v / 255 - mean) / std, rounded to float32 at each step', async () => {
  const rgb = Uint8Array.from({ length: 256 * 3 }, (_, i) => Math.floor(i / 3));
  // A picture that keeps its size is only normalised.
  using planes = preparePicture(await device(), { width: 256, height: 1, data: rgb }, { width: 256, height: 1 });
  const out = await read(planes);
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
