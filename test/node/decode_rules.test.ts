/** Where reading a picture by the published rules costs something: the other rules, and files that only look like pictures. */
import { expect, test } from 'vitest';
import { decode, decodeMask } from '../../src/node/decode.js';
import { loadSharp } from '../../src/node/decode_sharp.js';
import { encodePng } from '../../src/node/encode_png.js';
import { prepareMask } from '../../src/picture/mask.js';
import { upright } from '../../src/picture/orientation.js';
import { readPictureFacts } from '../../src/picture/picture_facts.js';
import { goldenBytes } from '../golden_files.js';
import { deepPng, exif, greyTiff, withExif } from '../small_pictures.js';

const grey = (rgb: Uint8Array): number[] => [...rgb].filter((_, i) => i % 3 === 0);
const failure = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'no error',
    (error: Error) => error.message,
  );

test('every EXIF orientation is undone, and only when asked for', async () => {
  // A B C     Where each orientation puts these pixels, as Pillow's exif_transpose does.
  // D E F
  const data = [...'ABCDEF'].flatMap((c) => [c, c, c].map((letter) => letter.charCodeAt(0)));
  const png = encodePng(3, 2, Uint8Array.from(data));
  const wanted = ['ABC/DEF', 'CBA/FED', 'FED/CBA', 'DEF/ABC', 'AD/BE/CF', 'DA/EB/FC', 'FC/EB/DA', 'CF/BE/AD'];
  for (const [i, want] of wanted.entries()) {
    const file = withExif(png, i + 1);
    const turned = await decode('a.png', file, { orient: true });
    const letters = String.fromCharCode(...grey(turned.data));
    expect(letters.match(new RegExp(`.{${turned.width}}`, 'g'))!.join('/'), `orientation ${i + 1}`).toBe(want);
    expect((await decode('a.png', file)).data).toEqual(Uint8Array.from(data));
  }
  const plain = await decode('a.png', png);
  expect(upright(plain, 9)).toBe(plain);
});

test('orientation is read from JPEG in either byte order, and turns it', async () => {
  const jpeg = goldenBytes('baseline.jpg');
  for (const little of [true, false]) {
    const segment = new Uint8Array([0xff, 0xe1, 0, 0, ...Buffer.from('Exif\0\0'), ...exif(6, little)]);
    new DataView(segment.buffer).setUint16(2, segment.length - 2);
    const file = Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]);
    expect(readPictureFacts('a.jpg', file)).toMatchObject({ width: 200, height: 150, orientation: 6 });
    for (const sharp of [true, false]) {
      const turned = await decode('a.jpg', file, { orient: true, sharp });
      expect([turned.width, turned.height]).toEqual([150, 200]);
      expect((await decode('a.jpg', file, { sharp })).width).toBe(200);
    }
  }
  expect(readPictureFacts('a.jpg', jpeg)!.orientation).toBe(1);
});

test('16-bit grey is clipped as published, or keeps its range', async () => {
  const levels = [0, 16, 255, 256, 2048, 4095];
  const file = deepPng(3, 2, levels);
  expect(grey((await decode('a.png', file)).data)).toEqual([0, 16, 255, 255, 255, 255]);
  // 4095 needs 12 bits.
  expect(grey((await decode('a.png', file, { depth: 'scale' })).data)).toEqual([0, 1, 16, 16, 128, 255]);
  expect(grey((await decode('a.png', file, { depth: 16 })).data)).toEqual([0, 0, 1, 1, 8, 16]);
  expect(readPictureFacts('a.png', file)!.deep).toBe('16-bit');
  expect(readPictureFacts('a.png', encodePng(1, 1, new Uint8Array(3)))!.deep).toBeUndefined();
  // Values that fit into 8 bits stay as they are.
  const small = deepPng(2, 1, [0, 200]);
  expect(grey((await decode('a.png', small, { depth: 'scale' })).data)).toEqual([0, 200]);
  // A mask of few levels is never scaled.
  expect([...(await decodeMask('m.png', deepPng(2, 1, [0, 1]), { depth: 16 })).data]).toEqual([0, 1]);
});

test('deep TIFFs equal Pillow, also where 0 is white, or keep their range', async () => {
  const shorts = greyTiff(3, 1, Uint16Array.of(0, 257, 61166), 1);
  const white = greyTiff(3, 1, Uint16Array.of(0, 257, 61166), 0);
  const shares = greyTiff(3, 1, Float32Array.of(0, 0.5, 1), 1);
  const signed = greyTiff(3, 1, Float32Array.of(-10, 20.9, 300), 1);
  expect(readPictureFacts('a.tif', white)).toMatchObject({ width: 3, height: 1, deep: '16-bit', whiteIsZero: true });
  expect(readPictureFacts('a.tif', shares)!.deep).toBe('float');
  if (!(await loadSharp())) return expect(await failure(decode('a.tif', shorts))).toMatch(/sharp/);
  const values = async (file: Uint8Array, depth: 'clip' | 'scale') =>
    grey((await decode('a.tif', file, { depth })).data);
  expect(await values(shorts, 'clip')).toEqual([0, 255, 255]);
  expect(await values(white, 'clip')).toEqual([0, 255, 255]); // Pillow does not turn 16 bits round
  expect(await values(shorts, 'scale')).toEqual([0, 1, 238]);
  expect(await values(shares, 'clip')).toEqual([0, 0, 1]);
  expect(await values(shares, 'scale')).toEqual([0, 128, 255]);
  expect(await values(signed, 'clip')).toEqual([0, 20, 255]);
  expect(await values(signed, 'scale')).toEqual([0, 25, 255]);
});

test('a threshold takes the place of "not 0"', () => {
  const mask = { width: 4, height: 1, data: Uint8Array.of(0, 7, 127, 128) };
  expect([...prepareMask(mask, 4, 1)]).toEqual([0, 1, 1, 1]);
  expect([...prepareMask(mask, 4, 1, 128)]).toEqual([0, 0, 0, 1]);
});

/** A BMP's headers, with `more` behind them. */
function bmp(width: number, height: number, bits: number, compression: number, more: number[]): Uint8Array {
  const v = new DataView(new ArrayBuffer(54 + more.length));
  v.setUint16(0, 0x424d);
  v.setUint32(10, 54, true);
  v.setUint32(14, 40, true);
  v.setInt32(18, width, true);
  v.setInt32(22, height, true);
  v.setUint16(28, bits, true);
  v.setUint32(30, compression, true);
  new Uint8Array(v.buffer).set(more, 54);
  return new Uint8Array(v.buffer);
}

test('rows of more than 2^31 bits are counted, not taken for none', async () => {
  expect(await failure(decode('a.bmp', bmp(99_999_999, 1, 32, 0, [])))).toMatch(/a\.bmp: broken or truncated BMP/);
  expect(await failure(decode('b.bmp', bmp(1, 99_999_999, 32, 0, [])))).toMatch(/b\.bmp: broken or truncated BMP/);
  for (const [width, height] of [
    [67_108_864, 1],
    [99_999_999, 1],
  ] as const) {
    const png = deepPng(1, 1, [0]);
    const v = new DataView(png.buffer);
    v.setUint32(16, width);
    v.setUint32(20, height);
    png[24] = 16;
    png[25] = 6;
    expect(await failure(decode('a.png', png))).toMatch(/a\.png: truncated PNG: \d+ bytes cannot hold/);
  }
});

test('a TIFF too short for its pixels is refused, whatever its compression', async () => {
  const whole = greyTiff(3, 1, Uint16Array.of(1, 2, 3), 1);
  expect(readPictureFacts('a.tif', whole)).toMatchObject({ width: 3, height: 1, leastBytes: 14 });
  const change = (tag: number, value: number) => (file: Uint8Array) => {
    const v = new DataView(file.buffer);
    for (let at = v.getUint32(4, true) + 2; at < file.length - 12; at += 12) {
      if (v.getUint16(at, true) === tag) v.setUint32(at + 8, value, true);
    }
    return file;
  };
  expect(await failure(decode('a.tif', change(256, 1_572_871)(whole.slice())))).toBe(
    `a.tif: truncated TIFF: ${whole.length} bytes cannot hold 1572871x1 pixels; copy or download it again`,
  );
  for (const [compression, most] of [
    [1, whole.length / 2],
    [8, 516 * whole.length],
    [32773, 32 * whole.length],
  ] as const) {
    const packed = change(259, compression)(whole.slice());
    expect(() => readPictureFacts('a.tif', change(256, most)(packed))).not.toThrow();
    expect(() => readPictureFacts('a.tif', change(256, most + 1)(packed))).toThrow(/truncated TIFF/);
  }
});

test('run-length coded BMPs that end early are refused, as in Pillow', async () => {
  const rle8 = (runs: number[]) => decode('a.bmp', bmp(4, 2, 8, 1, runs));
  expect(grey((await rle8([4, 9, 0, 0, 4, 5, 0, 1])).data)).toEqual([5, 5, 5, 5, 9, 9, 9, 9]);
  expect(grey((await rle8([4, 9, 0, 0, 2, 5, 0, 0])).data)).toEqual([5, 5, 0, 0, 9, 9, 9, 9]); // the row is filled
  for (const runs of [[], [0, 1], [4, 9, 0, 1], [4, 9, 0, 0, 3, 5, 0, 1], [0, 0, 0, 0, 0, 0, 0, 1]]) {
    expect(await failure(rle8(runs)), String(runs)).toMatch(/the runs end after \d of 8 pixels/);
  }
});

test('a slip inside jpeg-js is not shown', async () => {
  const jpeg = goldenBytes('grey.jpg');
  const seen = new Set<string>();
  for (const at of [3, 20, 24, 98, 99, 101, 103, 106, 139, 318, 322, 323]) {
    const broken = jpeg.slice();
    broken[at] = broken[at]! ^ 0xff;
    seen.add(await failure(decode('a.jpg', broken, { sharp: false })));
  }
  const all = [...seen].join();
  expect(all).not.toMatch(/undefined|null|is not a|Cannot read|Invalid (?:typed )?array|offset is out/);
  expect(all).toContain('a.jpg: broken or truncated JPEG; copy or download it again'); // seven of them are slips
  expect(all).toContain('a.jpg: broken or truncated JPEG: DQT: invalid table spec; copy or download it again');
});

test('pictures of other formats are named', async () => {
  const container = (...brands: string[]): Uint8Array =>
    Buffer.from(
      `\0\0\0${String.fromCharCode(16 + 4 * (brands.length - 1))}ftyp${brands[0]}\0\0\0\0${brands.slice(1).join('')}`,
      'latin1',
    );
  const text = (t: string): Uint8Array => Buffer.from(t, 'latin1');
  const cases: [Uint8Array, RegExp][] = [
    [container('heix', 'mif1', 'heix'), /a HEIC picture; convert/],
    [container('hevc'), /a HEIC picture/],
    [container('mif1', 'mif1', 'avif'), /an AVIF picture/],
    [container('mif1', 'heic'), /a HEIC picture/],
    [container('avis'), /an AVIF picture/],
    [container('msf1'), /a HEIF picture/],
    [container('isom'), /a video/],
    [text('\xff\x0a\x01\x02'), /a JPEG XL picture/],
    [text('\0\0\0\x0cJXL \r\n'), /a JPEG XL picture/],
    [text('\0\0\0\x0cjP  \r\n'), /a JPEG 2000 picture/],
    [text('GIF87a\0\0'), /a GIF/],
    [text('<!DOCTYPE html><p>not found'), /a web page; check the path/],
    [text('<svg xmlns="x"/>'), /an SVG drawing/],
  ];
  for (const [bytes, want] of cases) expect(await failure(decode('a.png', bytes))).toMatch(want);
});

test('a PNG whose rows come in many pieces is the same', async () => {
  const data = Uint8Array.from({ length: 3 * 700 * 500 }, (_, i) => (i * i * 7) & 255);
  expect(Buffer.compare((await decode('a.png', encodePng(700, 500, data))).data, data)).toBe(0);
});
