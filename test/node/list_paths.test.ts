import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadMask } from '../../src/node/decode.js';
import { encodePng } from '../../src/node/encode_png.js';
import { linksNote, placeSamples } from '../../src/node/list_paths.js';
import { settleByMasks, uniteMasks } from '../../src/node/mask_files.js';
import { scanFolder } from '../../src/node/scan_folder.js';

const root = mkdtempSync(join(tmpdir(), 'aaclip-paths-'));
const put = (path: string, bytes: Uint8Array = new Uint8Array()): void => {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), bytes);
};
const mask = (...marked: number[]): Uint8Array =>
  encodePng(
    2,
    2,
    Uint8Array.from([0, 1, 2, 3], (i) => (marked.includes(i) ? 3 : 0)),
  );

beforeAll(() => {
  put('bolt/good/0.png');
  put('bolt/bad/1.png');
});
afterAll(() => rmSync(root, { recursive: true }));

describe('paths of a list', () => {
  const place = (imagePath: string, extra: { allowOutside?: boolean; maskPath?: string } = {}) => {
    const { allowOutside, ...sample } = extra;
    const [placed] = placeSamples([{ imagePath, label: 1, line: 3, ...sample }], { list: 'l', root, allowOutside });
    return placed!;
  };

  test('may be absolute, within the data folder or not', () => {
    expect(place(join(root, 'bolt/good/0.png'), { maskPath: join(root, 'm.png') })).toMatchObject({
      imagePath: 'bolt/good/0.png',
      maskPath: 'm.png',
    });
    const far = join(tmpdir(), 'elsewhere', 'x.png');
    expect(place(far).imagePath).toBe(relative(root, far));
  });

  test.skipIf(process.platform === 'win32')('may have backslashes, unless a file is called so', () => {
    expect(place('bolt\\good\\0.png', { maskPath: 'm\\1.png' })).toMatchObject({
      imagePath: 'bolt/good/0.png',
      maskPath: 'm/1.png',
    });
    put('odd\\name.png');
    expect(place('odd\\name.png').imagePath).toBe('odd\\name.png');
    expect(() => place('D:\\data\\0.png')).toThrow(
      /^l:3: a path of another machine, "D:\\\\data\\\\0\.png": write paths relative/,
    );
  });

  test('lead out of the data folder only where that is allowed', () => {
    expect(() => place('../x.png')).toThrow(/^l:3: "\.\.\/x\.png" leads out of the data folder .*--allow-outside$/);
    expect(() => place('bolt/../../x.png')).toThrow(/leads out/);
    expect(() => place('..\\x.png')).toThrow(/leads out/);
    expect(place('../x.png', { allowOutside: true }).imagePath).toBe('../x.png');
    expect(place('bolt/../..x.png').imagePath).toBe('bolt/../..x.png');
  });

  test.skipIf(process.platform === 'win32')(
    'that are links are followed and named, those to nothing left out',
    async () => {
      expect(linksNote(root, ['bolt/good/0.png'])).toBeUndefined();
      symlinkSync('bolt', join(root, 'nut'));
      symlinkSync('gone.png', join(root, 'bolt/bad/2.png'));
      expect(linksNote(root, ['nut/good/0.png', 'nut/bad/1.png'])).toBe('1 symbolic link is followed (nut to bolt)');
      const { rows, notes } = await scanFolder(root, 'folder', 'c');
      expect(rows.map((r) => r.imagePath)).toContain('bolt/good/0.png');
      expect(notes).toContain('1 symbolic link to nothing (bolt/bad/2.png): left out');
    },
  );

  test.skipIf(process.platform !== 'linux')('that are not UTF-8 are refused with the remedy', async () => {
    const folder = join(root, 'gbk');
    mkdirSync(join(folder, 'good'), { recursive: true });
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/good/`), Buffer.from([0xc1, 0xbc]), Buffer.from('.png')]), '');
    await expect(scanFolder(folder, 'folder', 'c')).rejects.toThrow(
      /name is not UTF-8, perhaps .* GBK: rename it.*convmv/,
    );
    const below = join(root, 'gbk2');
    mkdirSync(below);
    mkdirSync(Buffer.concat([Buffer.from(`${below}/`), Buffer.from([0xc1, 0xbc])]));
    await expect(scanFolder(below, 'folder', 'c')).rejects.toThrow(/gbk2.*: cannot read: the name is not UTF-8/);
  });
});

describe('masks that are looked into', () => {
  test('make pictures normal where they mark nothing', async () => {
    put('set/train/1.png');
    put('set/train/1_GT.png', mask());
    put('set/train/2.png');
    put('set/train/2_GT.png', mask(3));
    const { rows, folders, notes } = await scanFolder(join(root, 'set'), 'folder', 'c');
    expect(rows).toEqual([
      { imagePath: 'train/1.png', label: 0, className: 'c' },
      { imagePath: 'train/2.png', label: 1, className: 'c', maskPath: 'train/2_GT.png' },
    ]);
    expect(folders.map((f) => `${f.taken} ${f.files}`)).toEqual(['masks 2', 'normal 1', 'abnormal 1']);
    expect(notes).toEqual([expect.stringMatching(/^no folder says good or bad/)]);
    await expect(settleByMasks(root, [{ ...rows[1]!, maskPath: 'none.png' }])).rejects.toThrow(
      /none\.png: cannot read/,
    );
  });

  test('of one picture become one', async () => {
    put('loco/a_mask_1.png', mask(0));
    put('loco/a_mask_2.png', mask(2));
    const row = { imagePath: 'bad/a.jpg', label: 1, className: 'c', maskPath: 'a_mask_1.png' } as const;
    const folder = join(root, 'loco');
    const parts = new Map([['bad/a.jpg', ['a_mask_1.png', 'a_mask_2.png']]]);
    const [inside] = await uniteMasks(folder, [row], parts, join(folder, 'lists'));
    expect(inside!.maskPath).toBe('lists/union_masks/bad/a.png');
    expect([...(await loadMask(join(folder, inside!.maskPath!))).data]).toEqual([255, 0, 255, 0]);
    const [outside] = await uniteMasks(folder, [row], parts, join(root, 'out'));
    expect(outside!.maskPath).toBe(join(root, 'out/union_masks/bad/a.png'));
    put('loco/wide.png', encodePng(3, 2, new Uint8Array(6)));
    const uneven = new Map([['bad/a.jpg', ['a_mask_1.png', 'wide.png']]]);
    await expect(uniteMasks(folder, [row], uneven, root)).rejects.toThrow(
      /wide\.png: masks of one picture differ in size: expected 2x2/,
    );
  });
});
