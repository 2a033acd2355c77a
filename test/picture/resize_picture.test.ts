import { describe, expect, it } from 'vitest';
import { resizeOnHost } from '../../src/picture/host_resize.js';
import { CLIP_PIXELS, uploadPixels } from '../../src/picture/pixels.js';
import {
  checkFits,
  preparePicture,
  preparePictures,
  resizePicture,
  unpackPicture,
} from '../../src/picture/resize_picture.js';
import { liveTensors, read, readWords } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { goldenTensors } from '../golden_files.js';
import { poison } from '../poison.js';
import { arr } from '../reference/arr.js';
import { CLIP_MEAN, CLIP_STD, normalizePixels } from '../reference/normalize.js';

/** Noise with a lot of pure black and white, so that overshoot is clipped at both ends. */
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

  it('gives the bytes of the plain loops', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    poison(gpu, true);
    try {
      for (const [width, height, toWidth, toHeight] of sizes) {
        const rgb = noise(width, height);
        const picture = { name: 'noise', width, height, channels: 3, data: rgb } as const;
        const size = { width: toWidth, height: toHeight };
        using words = resizePicture(gpu, picture, size);
        expect(words.shape).toEqual([toHeight, toWidth]);
        const want = resizeOnHost(picture, toWidth, toHeight);
        expect(unpackPicture(await readWords(words))).toEqual(want);
        using planes = preparePicture(gpu, picture, size);
        expect(planes.shape).toEqual([3, toHeight, toWidth]);
        expect(await read(planes)).toEqual(normalizePixels(want, toWidth, toHeight));
      }
    } finally {
      poison(gpu, false);
    }
    expect(liveTensors(gpu)).toBe(before);
  });

  it('gives the same in bands of a few rows', async () => {
    const gpu = await device();
    const [width, height] = [37, 101];
    const picture = { width, height, data: noise(width, height) };
    const size = { width: 20, height: 33 };
    using whole = preparePicture(gpu, picture, size);
    const dispatches = gpu.dispatches;
    // Twenty source rows at a time; then so few bytes that each output row is a band.
    for (const bytes of [20 * 37 * 3, 1]) {
      using banded = preparePicture(gpu, picture, size, { bandBytes: bytes });
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
      const picture = { width, height, data: data as Uint8Array };
      using words = resizePicture(gpu, picture, size);
      expect(unpackPicture(await readWords(words))).toEqual(golden.get(`u8.${size}`)!.data);
      using x = preparePicture(gpu, picture, size);
      const want = golden.get(`x.${size}`)!.data;
      (await read(x)).forEach((v, i) => {
        expect(Math.abs(v - want[i]!)).toBeLessThan(1e-6);
      });
    }
  });

  it('makes a batch of pictures of different sizes', async () => {
    const gpu = await device();
    const pictures = (
      [
        [9, 4],
        [5, 12],
      ] as const
    ).map(([width, height]) => ({ width, height, data: noise(width, height) }));
    using a = preparePicture(gpu, pictures[0]!, 6);
    using b = preparePicture(gpu, pictures[1]!, 6);
    using batch = preparePictures(gpu, pictures, 6);
    expect(batch.shape).toEqual([2, 3, 6, 6]);
    expect([...(await read(batch))]).toEqual([...(await read(a)), ...(await read(b))]);
  });

  it('normalises with the statistics of CLIP', () => {
    expect(CLIP_PIXELS).toEqual({ mean: CLIP_MEAN, std: CLIP_STD });
  });

  it('names bytes that do not fit and sizes that are not positive integers', async () => {
    const gpu = await device();
    expect(() => resizePicture(gpu, { width: 4, height: 4, data: new Uint8Array(47) }, 8)).toThrow(
      'picture: wrong size: expected 4 x 4 x 3 = 48 bytes, got 47',
    );
    using packed = uploadPixels(gpu, new Uint8Array(48));
    expect(() => resizePicture(gpu, { width: 5, height: 4, data: packed }, 8)).toThrow(
      'picture: wrong size: expected 5 x 4 x 3 = 60 bytes, got 48',
    );
    expect(() => resizePicture(gpu, { width: 4, height: 4, data: packed }, 0)).toThrow(
      'resizeTable: bad size: expected positive integers, got 4 to 0',
    );
  });
});

it('a picture whose row or table of weights exceeds a binding is refused by name, any other is not', () => {
  const gpu = { bindingLimit: 2 ** 27 };
  const refused = (width: number, height: number) => () => checkFits(gpu, { name: 'a.png', width, height }, 518);
  expect(refused(44_800_000, 1)).toThrow(/^a\.png: picture too long for this adapter: 44800000x1 pixels need \d+ MiB/);
  expect(refused(1, 44_800_000)).toThrow(/1x44800000 pixels .*; cut it into pieces or shrink it$/);
  for (const [width, height] of [
    [10_000, 10_000],
    [1_000_000, 20],
    [20, 1_000_000],
    [1, 1],
  ] as const) {
    expect(refused(width, height)).not.toThrow();
  }
});
