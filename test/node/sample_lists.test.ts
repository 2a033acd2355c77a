import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { REGISTRY } from '../../src/data/datasets.js';
import { type DataLocation, FULL, openData } from '../../src/node/sample_lists.js';

const root = mkdtempSync(join(tmpdir(), 'aaclip-lists-'));
const put = (path: string, contents: string | Uint8Array = ''): void => {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), contents);
};
const open = (name: string, folder: string, more: Partial<DataLocation> = {}) => {
  const location = { data: join(root, folder), ...more };
  const config = { file: 'none', roots: new Map<string, string>() };
  return openData(name, FULL, location, { config, registry: REGISTRY, several: false, data: location.data });
};
afterAll(() => rmSync(root, { recursive: true }));

const row = (image: string): string => `${JSON.stringify({ image_path: image, label: 0, class_name: 'c' })}\n`;

describe('a data set', () => {
  test('that another program has repacked is named with the command that lists it', async () => {
    for (const file of ['train/good/0', 'test/good/1', 'test/bad/2', 'ground_truth/bad/2'])
      put(`1cls/candle/${file}.png`);
    const folder = join(root, '1cls');
    await expect(open('VisA', '1cls')).rejects.toThrow(
      `list them with "aaclip index ${folder} --layout mvtec --out ${folder}"`,
    );
    for (const file of ['good/0', 'bad/1']) put(`own/candle/${file}.png`);
    await expect(open('VisA', 'own')).rejects.toThrow(`"aaclip index ${join(root, 'own')} --out ${join(root, 'own')}"`);
  });

  test('with several masks for a picture is named with the command that unites them', async () => {
    for (const file of ['test/good/0', 'test/cut/1', 'ground_truth/cut/1/0', 'ground_truth/cut/1/1'])
      put(`loco/a/${file}.png`);
    await expect(open('MPDD', 'loco')).rejects.toThrow(
      /^MPDD: 1 picture in .* with several masks: unite them with "aaclip index .*--layout mvtec/,
    );
  });

  test('has its list read whatever it was saved as, and paths as they are meant', async () => {
    const absolute = join(root, 'mine', 'a.png');
    const text = row(absolute) + row('sub\\b.png') + row('../c.png');
    put('mine/full-shot.jsonl', new Uint8Array(Buffer.from(`\ufeff${text}`, 'utf16le')));
    const list = join(root, 'mine', FULL);
    await expect(open('mine', 'mine')).rejects.toThrow(`${list}:3: "../c.png" leads out of the data folder`);
    const { samples } = await open('mine', 'mine', { allowOutside: true });
    expect(samples.map((s) => s.imagePath)).toEqual(['a.png', 'sub/b.png', '../c.png']);
    put('mine/full-shot.jsonl', Uint8Array.of(0xc1, 0xbc));
    await expect(open('mine', 'mine')).rejects.toThrow(`${list}:1: not UTF-8`);
  });
});
