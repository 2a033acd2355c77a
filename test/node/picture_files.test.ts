import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { globToRegExp } from '../../src/data/glob.js';
import { encodePng } from '../../src/node/encode_png.js';
import { markOwn } from '../../src/node/own_pictures.js';
import { compareNatural, expandImages } from '../../src/node/picture_files.js';

const root = mkdtempSync(join(tmpdir(), 'aaclip-images-'));
const at = (path: string) => join(root, path);

beforeAll(() => {
  const files = [
    'a/img10.png',
    'a/img2.PNG',
    'a/b/shot.JPG',
    'a/b/c/deep.tiff',
    'a/notes.txt',
    'a/.hidden.png',
    'a/.cache/x.png',
    'odd/picture[1].png',
    'odd/no-extension',
    'empty/readme.md',
    'phone/1.heic',
    'phone/2.HEIC',
    'phone/3.gif',
  ];
  for (const file of files) {
    mkdirSync(dirname(at(file)), { recursive: true });
    writeFileSync(at(file), 'x');
  }
  symlinkSync(at('a'), at('a/b/loop'));
});
afterAll(() => rmSync(root, { recursive: true }));

describe('pictures', () => {
  const expanded = async (...inputs: string[]) =>
    (await expandImages(inputs.map(at))).map((p) => p.slice(root.length + 1).replaceAll('\\', '/'));

  test('of a folder are found at any depth, in any case, in natural order', async () => {
    expect(await expanded('a')).toEqual(['a/b/c/deep.tiff', 'a/b/shot.JPG', 'a/img2.PNG', 'a/img10.png']);
    expect(await expanded('a/')).toHaveLength(4);
  });

  test('named directly need no extension and come first, in the order named, each once', async () => {
    expect(await expanded('odd/no-extension', 'a/img10.png', 'a')).toEqual([
      'odd/no-extension',
      'a/img10.png',
      'a/b/c/deep.tiff',
      'a/b/shot.JPG',
      'a/img2.PNG',
    ]);
    expect(await expanded('odd/picture[1].png')).toEqual(['odd/picture[1].png']);
  });

  test('of formats that are not read are left out of folders, and counted', async () => {
    const notes: string[] = [];
    const found = await expandImages([at('a')], { onNote: (note) => notes.push(note) });
    expect([found.length, notes]).toEqual([4, []]);
    writeFileSync(at('phone/4.png'), 'x');
    expect(await expandImages([at('phone')], { onNote: (note) => notes.push(note) })).toEqual([at('phone/4.png')]);
    expect(notes).toEqual([expect.stringMatching(/phone: pictures left out.*: 2 HEIC, 1 GIF; convert them to PNG$/)]);
    rmSync(at('phone/4.png'));
  });

  test('of a pattern', async () => {
    expect(await expanded('a/*.{png,PNG}')).toEqual(['a/img2.PNG', 'a/img10.png']);
    expect(await expanded('a/**/*.JPG')).toEqual(['a/b/shot.JPG']);
    expect(await expanded('*/img?.PNG')).toEqual(['a/img2.PNG']);
    expect(await expanded('./a/../a/img*')).toEqual(['a/img2.PNG', 'a/img10.png']);
  });

  test('that predict wrote are no input, nor is the folder it writes to', async () => {
    const png = encodePng(2, 2, new Uint8Array(12));
    const put = (path: string, bytes: Uint8Array): void => {
      mkdirSync(dirname(at(path)), { recursive: true });
      writeFileSync(at(path), bytes);
    };
    put('own/1.png', png);
    put('own/1.heatmap.png', markOwn(png));
    put('own/2.heatmap.png', png);
    put('own/out/3.png', png);
    put('own/earlier/1.heatmap.png', markOwn(png));
    const found = async (input: string, output?: string): Promise<string[]> =>
      (await expandImages([at(input)], { output: output && at(output) })).map((path) => path.slice(at('own/').length));
    expect(await found('own', 'own/out')).toEqual(['1.png', '2.heatmap.png']);
    expect(await found('own')).toEqual(['1.png', '2.heatmap.png', 'out/3.png']);
    expect(await found('own/**/*.png', 'own/out')).toEqual(['1.png', '2.heatmap.png']);
    // Named directly, they are meant.
    expect(await found('own/out', 'own/out')).toEqual(['out/3.png']);
    expect(await found('own/1.heatmap.png', 'own/out')).toEqual(['1.heatmap.png']);
  });

  test('that do not exist are refused by name', async () => {
    await expect(expanded('none')).rejects.toThrow(/none: no such file or folder; check the path$/);
    await expect(expanded('none/*.png')).rejects.toThrow(/none\/\*\.png: no file matches this pattern/);
    await expect(expanded('a/*.gif')).rejects.toThrow(/no file matches/);
    await expect(expanded('empty')).rejects.toThrow(
      /empty: no pictures in this folder: expected files ending in \.png/,
    );
    await expect(expanded('phone')).rejects.toThrow(/got 2 HEIC, 1 GIF; convert them to PNG$/);
    await expect(expandImages([])).rejects.toThrow(/none given/);
  });
});

describe('patterns', () => {
  const cases: [glob: string, yes: string[], no: string[]][] = [
    ['*.png', ['a.png', 'ü.png'], ['a/b.png', '.png', 'apng', 'a.PNG']],
    ['a?.png', ['ab.png'], ['a.png', 'a/.png']],
    ['**', ['a', 'a/b/c.png'], ['.a', 'a/.b']],
    ['**/x.png', ['x.png', 'a/x.png', 'a/b/x.png'], ['ax.png', '.a/x.png']],
    ['a/**/x', ['a/x', 'a/b/c/x'], ['x', 'ax']],
    ['{a,b c}/*.{jpg,png}', ['a/1.jpg', 'b c/2.png'], ['c/1.jpg', 'a/1.gif']],
    ['a+(1)^$|.png', ['a+(1)^$|.png'], ['aa1.png']],
    ['a{b,c', ['a{b,c'], ['ab']],
    ['.x/*.png', ['.x/a.png'], ['x/a.png']],
  ];
  test.each(cases)('%s', (glob, yes, no) => {
    const matcher = globToRegExp(glob);
    expect([...yes, ...no].filter((path) => matcher.test(path))).toEqual(yes);
  });
});

test('numbers in names are ordered by value', () => {
  const names = ['img10', 'img2', 'IMG1', 'img02', 'a/10', 'a/9'];
  expect(names.sort(compareNatural)).toEqual(['a/9', 'a/10', 'IMG1', 'img02', 'img2', 'img10']);
});
