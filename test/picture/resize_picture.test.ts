import { describe, expect, it } from 'vitest';
import { stack } from '../../src/ops/concat.js';
import { CLIP_MEAN, CLIP_STD, normalizePixels } from '../../src/picture/prepare.js';
import { CLIP_PIXELS, preparePicture, resizePicture, unpackPicture } from '../../src/picture/resize_picture.js';
import { resizePicture as reference, resizeTable } from '../../src/picture/resize_table.js';
import { liveTensors, read, readWords } from '../../src/tensor/tensor.js';
import { device, variants } from '../devices.js';
import { goldenTensors } from '../golden_files.js';
import { poison } from '../poison.js';
import { arr } from '../reference/arr.js';

/** Noise with much pure black and white, so that overshoot is clipped at both ends. */
function noise(width: number, height: number): Uint8Array {
  const { data } = arr([height, width, 3], `picture ${width} ${height}`, 200, 127);
  return Uint8Array.from(data, (v) => Math.max(0, Math.min(255, Math.round(v))));
}

describe('resizing a picture on the device', () => {
  // Larger, smaller, one axis each, the same size; widths whose rows begin inside a word; a single pixel.
  const sizes = [
    [13, 11, 64, 65],
    [131, 67, 14, 23],
    [5, 90, 31, 17],
    [17, 17, 17, 17],
    [1, 1, 3, 5],
  ] as const;

  for (const variant of variants) {
    it(`gives the bytes of the plain loops (${variant})`, async () => {
      const gpu = await device(variant);
      const before = liveTensors(gpu);
      poison(gpu, true);
      try {
        for (const [width, height, toWidth, toHeight] of sizes) {
          const rgb = noise(width, height);
          const columns = resizeTable(width, toWidth);
          const rows = resizeTable(height, toHeight);
          using words = resizePicture(gpu, rgb, width, height, columns, rows);
          expect(words.shape).toEqual([toHeight, toWidth]);
          const want = reference({ width, height, data: rgb }, toWidth, toHeight);
          expect(unpackPicture(await readWords(words))).toEqual(want);
          using planes = preparePicture(gpu, rgb, width, height, columns, rows);
          expect(planes.shape).toEqual([3, toHeight, toWidth]);
          expect(await read(planes)).toEqual(normalizePixels(want, toWidth, toHeight));
        }
      } finally {
        poison(gpu, false);
      }
      expect(liveTensors(gpu)).toBe(before);
    });
  }

  it('gives the same in bands of a few rows', async () => {
    const gpu = await device();
    const [width, height] = [37, 101];
    const rgb = noise(width, height);
    const tables = [resizeTable(width, 20), resizeTable(height, 33)] as const;
    using whole = preparePicture(gpu, rgb, width, height, ...tables);
    const dispatches = gpu.dispatches;
    // Twenty source rows at a time; then so few bytes that each output row is a band.
    for (const bytes of [20 * 37 * 3, 1]) {
      using banded = preparePicture(gpu, rgb, width, height, ...tables, CLIP_PIXELS, bytes);
      expect(await read(banded)).toEqual(await read(whole));
    }
    expect(gpu.dispatches - dispatches).toBeGreaterThan(2 * 33);
  });

  it('equals Pillow and torchvision', async () => {
    const gpu = await device();
    const golden = await goldenTensors('image.rgb.png.safetensors');
    const { shape, data } = golden.get('rgb')!;
    const [height, width] = shape as [number, number, number];
    for (const size of [56, 140]) {
      const tables = [resizeTable(width, size), resizeTable(height, size)] as const;
      using words = resizePicture(gpu, data as Uint8Array, width, height, ...tables);
      expect(unpackPicture(await readWords(words))).toEqual(golden.get(`u8.${size}`)!.data);
      using x = preparePicture(gpu, data as Uint8Array, width, height, ...tables);
      const want = golden.get(`x.${size}`)!.data;
      (await read(x)).forEach((v, i) => {
        expect(Math.abs(v - want[i]!)).toBeLessThan(1e-6);
      });
    }
  });

  it('makes a batch of pictures of different sizes', async () => {
    const gpu = await device();
    const prepare = (width: number, height: number) =>
      preparePicture(gpu, noise(width, height), width, height, resizeTable(width, 6), resizeTable(height, 6));
    using a = prepare(9, 4);
    using b = prepare(5, 12);
    using batch = stack([a, b]);
    expect(batch.shape).toEqual([2, 3, 6, 6]);
    expect([...(await read(batch))]).toEqual([...(await read(a)), ...(await read(b))]);
  });

  it('normalises with the numbers data preparation has', () => {
    expect(CLIP_PIXELS).toEqual({ mean: CLIP_MEAN, std: CLIP_STD });
  });

  it('names bytes and tables that do not fit', async () => {
    const gpu = await device();
    const table = resizeTable(4, 8);
    expect(() => resizePicture(gpu, new Uint8Array(47), 4, 4, table, table)).toThrow(
      'picture: wrong size: expected 4 x 4 x 3 = 48 bytes, got 47',
    );
    expect(() => resizePicture(gpu, new Uint8Array(60), 5, 4, table, table)).toThrow(
      'picture: table of columns: expected one for 5 samples, got 4',
    );
  });
});
