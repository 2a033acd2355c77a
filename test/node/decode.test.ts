import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decode, decodeMask, jpegIsExact, loadPicture } from '../../src/node/decode.js';
import { encodePng } from '../../src/node/encode_png.js';
import { resizeOnHost } from '../../src/picture/host_resize.js';
import { prepareMask } from '../../src/picture/mask.js';
import { PictureError } from '../../src/picture/picture.js';
import { difference, EXACT, goldenBytes, goldenJson, goldenTensors } from '../golden_files.js';
import { normalizePixels } from '../reference/normalize.js';

interface Case {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  readonly rgb: string;
}
const { cases } = goldenJson<{ cases: Record<string, Case> }>('pictures.json');
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));
const fileOf = (name: string) => bytesOf(cases[name]!.file);
const names = (pattern: RegExp) => Object.keys(cases).filter((name) => pattern.test(name));

/**
 * Mean difference of jpeg-js from libjpeg that these small, noisy pictures may show: it repeats half-resolution colours
 * where libjpeg interpolates.
 */
const FALLBACK_ERROR = 8;

let exact: boolean;
beforeAll(async () => {
  exact = await jpegIsExact();
});

async function expectPillow(name: string, sharp: boolean, mean = 0): Promise<void> {
  const { file, width, height, rgb } = cases[name]!;
  const picture = await decode(name, bytesOf(file), { sharp });
  expect([picture.width, picture.height, picture.channels]).toEqual([width, height, 3]);
  expect(difference(picture.data, bytesOf(rgb)).mean, name).toBeLessThanOrEqual(mean);
}

describe('decoding equals Pillow', () => {
  test.each(names(/\.(png|bmp)$/))('%s', (name) => expectPillow(name, false));

  test.each(names(/\.jpg$/))('%s', (name) => expectPillow(name, true, exact ? 0 : FALLBACK_ERROR));

  test.each(names(/\.(tif|webp)$/))('%s, or asks for sharp', async (name) => {
    if (exact) await expectPillow(name, true);
    await expect(decode(name, fileOf(name), { sharp: false })).rejects.toThrow(/needs the optional package sharp/);
  });

  test.each(names(/\.jpg$/))('%s nearly, without sharp', (name) => expectPillow(name, false, FALLBACK_ERROR));

  test('all kinds are there', () => {
    const kinds = [/\.png$/, /\.bmp$/, /\.jpg$/, /\.tif$/, /\.webp$/].map((k) => names(k).length);
    expect(kinds).toEqual([31, 17, 8, 13, 3]);
  });
});

describe('published pictures', () => {
  const lossless = ['rgb.png', 'grey.png', 'palette.png', 'rgba.png', 'photo.bmp'];
  const others = ['baseline.jpg', 'progressive.jpg', 'grey.jpg', 'photo.tif'];

  test.each([...lossless, ...others])('%s: pixels, resized and prepared', async (name) => {
    const want = await goldenTensors(`image.${name}.safetensors`);
    if (!exact && others.includes(name)) {
      // Without sharp the pixels differ, so only what is refused or near can be asserted.
      if (name.endsWith('.tif')) return expect(decode(name, goldenBytes(name))).rejects.toThrow(/sharp/);
      const { data } = await decode(name, goldenBytes(name));
      return expect(difference(data, want.get('rgb')!.data).mean).toBeLessThanOrEqual(FALLBACK_ERROR);
    }
    const picture = await decode(name, goldenBytes(name));
    expect([picture.height, picture.width, 3]).toEqual(want.get('rgb')!.shape);
    expect(difference(picture.data, want.get('rgb')!.data)).toEqual(EXACT);
    const sizes = [...want.keys()].filter((k) => k.startsWith('u8.')).map((k) => Number(k.slice(3)));
    expect(sizes.length).toBeGreaterThan(0);
    for (const size of sizes) {
      expect(difference(resizeOnHost(picture, size, size), want.get(`u8.${size}`)!.data)).toEqual(EXACT);
      expect(
        difference(normalizePixels(resizeOnHost(picture, size, size), size, size), want.get(`x.${size}`)!.data),
      ).toEqual(EXACT);
    }
  });

  test('the mask at every size', async () => {
    const want = await goldenTensors('image.mask.png.safetensors');
    const mask = await decodeMask('mask.png', goldenBytes('mask.png'));
    expect(new Set(mask.data)).toEqual(new Set([0, 1, 255])); // masks need not be 0 and 255
    for (const size of [56, 140, 518]) {
      expect(difference(prepareMask(mask, size, size), want.get(`mask.${size}`)!.data)).toEqual(EXACT);
    }
  });
});

/** A PNG whose pixels need not match its header. */
function fakePng(width: number, height: number, pixels = new Uint8Array(8)): Uint8Array {
  const small = encodePng(1, 1, new Uint8Array(3));
  const head = small.slice(0, 33);
  const view = new DataView(head.buffer);
  view.setUint32(16, width);
  view.setUint32(20, height);
  const body = deflateSync(pixels);
  const chunk = new Uint8Array(12 + body.length);
  new DataView(chunk.buffer).setUint32(0, body.length);
  chunk.set(Buffer.from('IDAT'), 4);
  chunk.set(body, 8);
  return new Uint8Array(Buffer.concat([head, chunk, small.slice(-12)]));
}

async function refusal(name: string, bytes: Uint8Array, options = {}): Promise<string> {
  const error = await decode(name, bytes, options).then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error, `${name} must be refused`).toBeInstanceOf(PictureError);
  const { message } = error as PictureError;
  expect(message).not.toContain('\n');
  expect(message.startsWith(`${name}: `)).toBe(true);
  return message;
}

describe('what is not a picture is refused in one line', () => {
  test('an empty file', async () => {
    expect(await refusal('a.jpg', new Uint8Array(0))).toBe('a.jpg: empty file (0 bytes); copy or download it again');
  });

  test('a text file named .png', async () => {
    expect(await refusal('a.png', Buffer.from('Hello, wörld\nsecond line'))).toMatch(/got a text file; check the path/);
    expect(await refusal('b.png', Buffer.from('BM is how this text begins'))).toMatch(/text file/);
    expect(await refusal('c.png', Buffer.from(`${'x'.repeat(511)}ü tail`))).toMatch(/text file/);
  });

  test('a Git LFS pointer, other formats, unknown bytes', async () => {
    expect(await refusal('a.png', Buffer.from('version https://git-lfs.github.com/spec/v1\n'))).toMatch(/git lfs pull/);
    expect(await refusal('a.png', Buffer.from('GIF89a\0\0'))).toMatch(/got a GIF; convert it to PNG/);
    expect(await refusal('a.png', Uint8Array.of(1, 2, 3, 0xfe))).toMatch(/unknown bytes 01 02 03 fe/);
  });

  test('the bytes decide, not the name', async () => {
    const picture = await decode('really-a-png.jpg', goldenBytes('rgb.png'));
    expect([picture.width, picture.height]).toEqual([123, 91]);
  });

  test.each(['rgb.png', 'palette.png', 'photo.bmp', 'baseline.jpg', 'progressive.jpg'])(
    'truncated %s',
    async (name) => {
      const whole = goldenBytes(name);
      for (const share of [0.001, 0.01, 0.3, 0.7, 0.97]) {
        const cut = whole.subarray(0, Math.max(9, Math.floor(whole.length * share)));
        expect(await refusal(name, cut)).toMatch(/truncated|broken|unknown header/);
      }
    },
  );

  test.each(['baseline.jpg', 'progressive.jpg', 'grey.jpg'])('truncated %s without sharp', async (name) => {
    const whole = goldenBytes(name);
    const cut = whole.subarray(0, Math.floor(whole.length * 0.6));
    expect(await refusal(name, cut, { sharp: false })).toMatch(/truncated/);
  });

  test('a truncated TIFF', async () => {
    expect(await refusal('a.tif', goldenBytes('photo.tif').subarray(0, 2000))).toMatch(/truncated|sharp/);
  });

  test('a PNG with a damaged pixel stream, a bad filter, a bad kind', async () => {
    const damaged = goldenBytes('rgb.png').slice();
    damaged[5000]! ^= 0x55;
    expect(await refusal('a.png', damaged)).toMatch(/broken or truncated PNG/);
    expect(await refusal('b.png', fakePng(1, 1, Uint8Array.of(9, 0, 0, 0)))).toMatch(/row filter 9/);
    const kind = fakePng(1, 1);
    kind[24] = 3;
    expect(await refusal('c.png', kind)).toMatch(/colour type 2, bit depth 3/);
  });

  test('pixels that end early or never end', async () => {
    expect(await refusal('a.png', fakePng(50, 50))).toMatch(/expected 7550 bytes of rows, got 8/);
    expect(await refusal('b.png', fakePng(1, 1, new Uint8Array(5e6)))).toMatch(/broken or truncated/);
  });

  test('a BMP of an unknown kind', async () => {
    const bmp = fileOf('24bit.bmp');
    new DataView(bmp.buffer).setUint32(30, 4, true); // JPEG inside BMP
    expect(await refusal('a.bmp', bmp)).toMatch(/24 bits with compression 4; convert it to PNG/);
  });
});

describe('sizes', () => {
  test('1 x 1 is a picture', async () => {
    const one = encodePng(1, 1, Uint8Array.of(1, 2, 3));
    const picture = await decode('one.png', one);
    expect([...picture.data]).toEqual([1, 2, 3]);
    expect(new Set(resizeOnHost(picture, 56, 56))).toEqual(new Set([1, 2, 3]));
  });

  test('20000 x 20 is read and resized', async () => {
    const wide = encodePng(20000, 20, new Uint8Array(20000 * 20 * 3).fill(77));
    const picture = await decode('wide.png', wide);
    expect([picture.width, picture.height]).toEqual([20000, 20]);
    expect(new Set(resizeOnHost(picture, 518, 518))).toEqual(new Set([77]));
  });

  test('20000 x 20000 is refused by its header, in every format', async () => {
    const jpeg = goldenBytes('baseline.jpg').slice();
    const frame = jpeg.findIndex((b, i) => b === 0xff && jpeg[i + 1] === 0xc0);
    new DataView(jpeg.buffer).setUint32(frame + 5, 20000 * 65536 + 20000);
    const bmp = goldenBytes('photo.bmp').slice();
    new DataView(bmp.buffer).setInt32(18, 20000, true);
    new DataView(bmp.buffer).setInt32(22, -20000, true);
    const wanted = /picture too large: expected at most 100 megapixels, got 20000x20000 \(400 megapixels\); shrink/;
    for (const [name, bytes] of [
      ['a.png', fakePng(20000, 20000)],
      ['a.jpg', jpeg],
      ['a.bmp', bmp],
    ] as const) {
      expect(await refusal(name, bytes)).toMatch(wanted);
      expect(await refusal(name, bytes, { sharp: false })).toMatch(wanted);
    }
  });

  test('the limit is an option, for files whose size only the decoder knows too', async () => {
    expect(await refusal('a.png', goldenBytes('rgb.png'), { maxPixels: 123 * 91 - 1 })).toMatch(/too large/);
    expect((await decode('a.png', goldenBytes('rgb.png'), { maxPixels: 123 * 91 })).width).toBe(123);
    expect(await refusal('a.tif', goldenBytes('photo.tif'), { maxPixels: 100 })).toMatch(/too large|sharp/);
    expect(await refusal('a.webp', fileOf('lossy.webp'), { maxPixels: 100 })).toMatch(/20x13/);
    expect(await refusal('a.webp', fileOf('lossless.webp'), { maxPixels: 100 })).toMatch(/20x13/);
    expect(await refusal('a.webp', fileOf('rgba.webp'), { maxPixels: 100 })).toMatch(/20x13/);
  });

  test('a picture of no pixels is refused', async () => {
    expect(await refusal('a.png', fakePng(0, 5))).toMatch(/empty picture: expected at least 1x1 pixels, got 0x5/);
  });
});

describe('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'aaclip-decode-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  test('are named by their path', async () => {
    const path = join(folder, 'a.png');
    writeFileSync(path, goldenBytes('grey.png'));
    expect((await loadPicture(path)).name).toBe(path);
    await expect(loadPicture(join(folder, 'none.png'))).rejects.toThrow(/none\.png: cannot read: no such file/);
    await expect(loadPicture(folder)).rejects.toThrow(/it is a folder/);
  });
});
