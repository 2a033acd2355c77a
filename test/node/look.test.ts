/** The look at all files before the device starts. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodePng } from '../../src/node/encode_png.js';
import { type FilesToLookAt, lookAtFiles, lookNotes } from '../../src/node/look.js';
import type { PictureRules } from '../../src/picture/picture.js';
import { goldenBytes } from '../golden_files.js';
import { deepPng, greyTiff, withExif, withFrames } from '../small_pictures.js';

const root = mkdtempSync(join(tmpdir(), 'aaclip-look-'));
const at = (name: string): string => join(root, name);
const S = 16;

/** Writes a grey picture of 16 x 16 pixels. */
function draw(name: string, level: (x: number, y: number) => number, width = S, height = S): string {
  const rgb = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) rgb.fill(level(i % width, Math.floor(i / width)), 3 * i, 3 * i + 3);
  writeFileSync(at(name), encodePng(width, height, rgb));
  return at(name);
}
const inside = (x: number, y: number): boolean => x >= 4 && x < 8 && y >= 4 && y < 8;

beforeAll(() => {
  draw('good.png', () => 90);
  draw('mask.png', (x, y) => (inside(x, y) ? 255 : 0));
  writeFileSync(at('text.png'), 'no picture');
  writeFileSync(at('empty.jpg'), '');
  mkdirSync(at('folder.png'));
  for (const name of ['rgb.png', 'photo.bmp', 'photo.tif', 'progressive.jpg']) {
    const whole = goldenBytes(name);
    writeFileSync(at(`cut_${name}`), whole.subarray(0, Math.floor(0.8 * whole.length)));
    writeFileSync(at(`whole_${name}`), whole);
  }
  const damaged = goldenBytes('rgb.png').slice();
  damaged[5000]! ^= 0x55;
  writeFileSync(at('damaged.png'), damaged);
  writeFileSync(at('deep.png'), deepPng(2, 1, [0, 4000]));
  writeFileSync(at('share.tif'), greyTiff(2, 1, Float32Array.of(0, 1), 1));
  writeFileSync(at('turned.png'), withExif(encodePng(2, 1, new Uint8Array(6)), 6));
  for (const n of [1, 2]) writeFileSync(at(`frames${n}.png`), withFrames(encodePng(2, 1, new Uint8Array(6)), n));
});
afterAll(() => rmSync(root, { recursive: true }));

const look = (files: readonly FilesToLookAt[], rules: PictureRules = {}, whole = false) =>
  lookAtFiles(files, { rules, whole, maskSize: S, threads: 0 });
const problems = async (names: readonly string[], rules?: PictureRules, whole?: boolean): Promise<string[]> =>
  (
    await look(
      names.map((name) => ({ image: at(name) })),
      rules,
      whole,
    )
  ).flatMap((l) => l.problems);

describe('pictures that cannot be used', () => {
  test('are all found at once, without decoding the good ones', async () => {
    const names = ['good.png', 'none.png', 'text.png', 'empty.jpg', 'folder.png', 'whole_photo.bmp'];
    const cut = ['cut_rgb.png', 'cut_photo.bmp', 'cut_photo.tif', 'cut_progressive.jpg'];
    const whole = ['whole_rgb.png', 'whole_photo.tif', 'whole_progressive.jpg', 'damaged.png'];
    const found = await problems([...names, ...whole, ...cut]);
    expect(found.map((line) => line.slice(root.length + 1).split(':')[0])).toEqual([
      'none.png',
      'text.png',
      'empty.jpg',
      'folder.png',
      ...cut,
    ]);
    expect(found[0]).toMatch(/no such file/);
    expect(found[3]).toMatch(/it is a folder/);
    for (const line of found.slice(4)) expect(line).toMatch(/broken or truncated|sharp/);
  });

  test('include those damaged in the middle when everything is decoded', async () => {
    expect(await problems(['damaged.png'])).toEqual([]);
    expect(await problems(['good.png', 'damaged.png'], {}, true)).toEqual([
      expect.stringMatching(/damaged\.png: broken or truncated PNG/),
    ]);
  });

  test('include those over the limit, and masks', async () => {
    expect(await problems(['good.png'], { maxPixels: 255 })).toEqual([
      expect.stringMatching(/good\.png: picture too large.*--max_pixels/),
    ]);
    expect(await problems(['good.png'], { maxPixels: 256 })).toEqual([]);
    const [both] = await look([{ image: at('none.png'), mask: at('damaged.png') }]);
    expect(both!.problems).toHaveLength(2);
  });

  test('are not looked for in pipes, which can be read only once', async () => {
    expect(await look([{ image: '/dev/null' }])).toEqual([{ problems: [], picture: undefined, mask: undefined }]);
  });

  test('are found in threads too', async () => {
    const files = [{ image: at('text.png'), mask: at('mask.png') }, { image: at('good.png') }];
    let done = 0;
    const options = { rules: {}, whole: true, maskSize: S, threads: 2, onProgress: (n: number) => (done = n) };
    const [text, good] = await lookAtFiles(files, options);
    expect([text!.problems.length, good!.problems.length, done]).toEqual([1, 0, 2]);
    expect(text!.mask).toMatchObject({ levels: 2, share: 1 / 16, survives: true });
  });
});

describe('what a rule costs is said', () => {
  const notesOf = async (files: readonly FilesToLookAt[], rules: PictureRules = {}) =>
    lookNotes(files, await look(files, rules), rules).map((note) => note.replaceAll(root, ''));
  const mask = (name: string): FilesToLookAt => ({ image: at('good.png'), mask: at(name) });

  test('nothing where it costs nothing', async () => {
    expect(await notesOf([mask('mask.png'), { image: at('good.png') }])).toEqual([]);
  });

  test('deep grey and orientation, unless the other rule is chosen', async () => {
    const files = ['deep.png', 'share.tif', 'turned.png', 'good.png'].map((name) => ({ image: at(name) }));
    const notes = await notesOf(files);
    expect(notes).toHaveLength(3);
    expect(notes[0]).toMatch(/^1 of 4 pictures have 16-bit grey \(.deep\.png\): .*--depth scale/);
    expect(notes[1]).toMatch(/^1 of 4 pictures have float grey \(.share\.tif\)/);
    expect(notes[2]).toMatch(/^1 of 4 pictures are marked by EXIF .*turned\.png.*--orient/);
    expect(await notesOf(files, { depth: 'scale', orient: true })).toEqual([]);
  });

  test.each<[string, (x: number, y: number) => number, RegExp]>([
    ['empty', () => 0, /masks of anomalous pictures are empty/],
    ['white', () => 255, /mark the whole picture .*: every level that is not 0 counts; are they white or inverted/],
    ['off by one', (x, y) => (inside(x, y) ? 255 : 1), /background is not 0.*--mask_threshold 128/],
    ['inverted', (x, y) => (inside(x, y) ? 0 : 255), /more than half of the picture .*inverted\?/],
    ['soft edges', (x, y) => (inside(x, y) ? 255 : x === 3 ? 3 : 0), /soft edges.*--mask_threshold 128/],
    ['numbered', (x, y) => (inside(x, y) ? 1 + (x & 1) : 0), /more than two grey levels \(.*every level that is not 0/],
  ])('a mask that is %s', async (name, level, want) => {
    draw(`${name}.png`, level);
    const notes = await notesOf([mask(`${name}.png`), mask('mask.png')]);
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(/^1 of 2 masks/);
    expect(notes[0]).toMatch(want);
    if (want.source.includes('threshold'))
      expect(await notesOf([mask(`${name}.png`)], { maskThreshold: 128 })).toEqual([]);
  });

  test('a mask of another shape, and marks that resizing loses', async () => {
    draw('wide.png', (x) => (x < 4 ? 255 : 0), 32, 16);
    draw('twice.png', (x) => (x < 4 ? 255 : 0), 32, 32);
    draw('dot.png', (x, y) => (x === 1 && y === 1 ? 255 : 0), 64, 64);
    const notes = await notesOf(['wide.png', 'twice.png', 'dot.png'].map(mask));
    expect(notes).toEqual([
      expect.stringMatching(/^1 of 3 masks are empty once they are resized \(.dot\.png\)/),
      expect.stringMatching(/^1 of 3 masks have another shape than their picture \(.wide\.png\)/),
    ]);
    // In tiles, the mask keeps the size of its picture.
    const files = [{ image: draw('large.png', () => 90, 64, 64), mask: at('dot.png') }];
    const tiled = await lookAtFiles(files, { rules: {}, whole: false, maskSize: S, tileSize: S, threads: 0 });
    expect(lookNotes(files, tiled, {})).toEqual([]);
    // Of 2048 pixels a side, a map of the smallest tiles at the published size is too large.
    draw('vast.png', () => 90, 1 << 11, 1 << 11);
    const vast = [{ image: at('vast.png') }];
    const [found] = await lookAtFiles(vast, { rules: {}, whole: false, maskSize: 518, tileSize: 14, threads: 0 });
    expect(found!.problems).toEqual([expect.stringMatching(/^.*vast\.png: map too large: .*; use larger tiles/)]);
  });

  test('frames beyond the first', async () => {
    expect(await notesOf(['frames1.png', 'frames2.png'].map((name) => ({ image: at(name) })))).toEqual([
      expect.stringMatching(/^1 of 2 pictures hold several pages or frames \(.frames2\.png\)/),
    ]);
  });

  test('the first of several files is named', async () => {
    expect((await notesOf([mask('mask.png'), mask('empty.png'), mask('empty.png')]))[0]).toMatch(
      /^2 of 3 masks of anomalous pictures are empty \(the first: .empty\.png\)/,
    );
  });
});
