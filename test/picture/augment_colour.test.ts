import { describe, expect, test } from 'vitest';
import { openSafetensors } from '../../src/io/safetensors.js';
import { bytesSource } from '../../src/io/source.js';
import { augmentColour, type ColourJitter } from '../../src/picture/augment_colour.js';
import { uploadPixels } from '../../src/picture/pixels.js';
import { liveTensors, readWords, tidy, upload } from '../../src/tensor/tensor.js';
import { colourCase } from '../../src/verify/augment_cases.js';
import { type CaseContext, compare, type GoldenFolder } from '../../src/verify/case.js';
import { device } from '../devices.js';
import { goldenBytes } from '../golden_files.js';
import { poison } from '../poison.js';
import { arr } from '../reference/arr.js';
import { colourReference } from '../reference/augment.js';

async function run(rgb: Uint8Array, jitter: ColourJitter): Promise<Uint8Array> {
  const gpu = await device();
  const live = liveTensors(gpu);
  poison(gpu, true);
  try {
    const y = tidy(() => augmentColour(uploadPixels(gpu, rgb), rgb.length / 3, jitter));
    const words = await readWords(y);
    y.release();
    expect(liveTensors(gpu)).toBe(live);
    return new Uint8Array(words.buffer, 0, rgb.length);
  } finally {
    poison(gpu, false);
  }
}

/** Bytes of every value, 0 and 255 more often. */
function picture(pixels: number, mean = 127): Uint8Array {
  const { data } = arr([3 * pixels], `colours ${pixels} ${mean}`, 90, mean);
  return Uint8Array.from(data, (v) => Math.min(255, Math.max(0, Math.round(v))));
}

describe('brightness, contrast and saturation', () => {
  test('match Pillow byte for byte', async () => {
    const file = await openSafetensors(
      bytesSource('augment.colour.safetensors', goldenBytes('augment.colour.safetensors')),
    );
    const context: CaseContext = { gpu: await device(), folder: {} as GoldenFolder, file, precision: 'f32' };
    const reports = [];
    for await (const c of colourCase(context)) reports.push(compare(c));
    expect(reports).toHaveLength(9);
    expect(reports.filter((r) => r.maxAbs !== 0)).toEqual([]);
  });

  // 1.1 and 1.3 are a little more in float32 than in decimals, 0.7 a little less: where products are rounded shows.
  const jitters: ColourJitter[] = [
    {},
    { brightness: 1.1 },
    { contrast: 0.7 },
    { saturation: 1.3 },
    { brightness: 1.5, contrast: 1.1, saturation: 0.5 },
    { brightness: 0.61, contrast: 1.3 },
    { contrast: 0, saturation: 1.1 },
    { brightness: 0, saturation: 3 },
  ];
  test.each([1, 2, 3, 4, 5, 255, 4096, 17011])('act one after the other on %i pixels', async (pixels) => {
    for (const jitter of jitters) {
      for (const mean of [127, 30]) {
        const rgb = picture(pixels, mean);
        // As buffers, since `toEqual` would compare byte by byte.
        const got = Buffer.from(await run(rgb, jitter));
        expect(got.equals(Buffer.from(colourReference(rgb, jitter))), JSON.stringify(jitter)).toBe(true);
      }
    }
    const rgb = picture(pixels);
    expect(await run(rgb, {})).toEqual(rgb);
  });

  test('take a mean whose sum passes 32 bits, halves up', async () => {
    // 20 million white pixels sum to 5.1e9; with contrast 0 every pixel becomes the mean.
    const rgb = new Uint8Array(3 * 20_000_000).fill(255);
    expect((await run(rgb, { contrast: 0 })).every((v) => v === 255)).toBe(true);
    expect(await run(Uint8Array.of(10, 10, 10, 11, 11, 11), { contrast: 0 })).toEqual(new Uint8Array(6).fill(11));
    expect(await run(Uint8Array.of(10, 10, 10, 10, 10, 10, 11, 11, 11), { contrast: 0 })).toEqual(
      new Uint8Array(9).fill(10),
    );
  });

  test('are refused for sizes and factors that do not fit', async () => {
    const gpu = await device();
    const x = upload(gpu, new Uint32Array(3), [3], 'packed');
    expect(() => augmentColour(x, 5, {})).toThrow(
      'augment_colour: expected 4 packed words for 5 pixels, got packed [3]',
    );
    for (const brightness of [-0.1, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => augmentColour(x, 4, { brightness })).toThrow(/brightness: expected a factor of 0 or more, got/);
    }
    x.release();
  });
});
