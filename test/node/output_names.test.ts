/** Names of the files that are written for pictures. */
import { mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { encodePng } from '../../src/node/encode_png.js';
import { fitName, outputNames } from '../../src/node/output_names.js';
import { isOwnPicture, markOwn, pictureAt } from '../../src/node/own_pictures.js';

let dir = '';
beforeAll(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), 'aaclip-names-')));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const plan = (pictures: string[], folder = 'out', foreign: string[] = []): string[] =>
  outputNames(pictures, {
    folder,
    suffixes: ['.heatmap.png', '.npy'],
    isForeign: (path) => foreign.includes(path),
  });

describe('names of outputs', () => {
  test('keep the folders below the one that all pictures share', () => {
    expect(plan(['/p/a/x.png', '/p/b/x.png', '/p/y.png'])).toEqual(['out/a/x', 'out/b/x', 'out/y']);
    expect(plan(['/p/a/x.png'])).toEqual(['out/x']);
    expect(plan(['/x.png', '/a/y.png'])).toEqual(['out/x', 'out/a/y']);
    expect(plan(['/a/y.png', '/..x/y.png'])).toEqual(['out/a/y', 'out/..x/y']);
  });

  test('are different where only extensions, letters or accents differ', () => {
    expect(plan(['/p/x.png', '/p/x.jpg', '/p/x.png.bmp'])).toEqual(['out/x.png', 'out/x.jpg', 'out/x.png.bmp']);
    // One file on file systems that compare names so.
    expect(plan(['/p/a.png', '/p/A.png'])).toEqual(['out/a.png', 'out/A.png_2']);
    expect(plan(['/p/\u00e9.png', '/p/e\u0301.png'])).toEqual(['out/\u00e9.png', 'out/e\u0301.png_2']);
  });

  test('fit the file system, with their endings, and stay different', () => {
    const long = [`${'漢'.repeat(83)}a.png`, `${'漢'.repeat(83)}b.png`, `${'漢'.repeat(81)}.png`];
    const names = plan(long.map((name) => `/p/${name}`)).map((path) => basename(path));
    expect(new Set(names).size).toBe(3);
    for (const name of names) expect(Buffer.byteLength(`${name}.heatmap.png`)).toBeLessThanOrEqual(255);
    expect(names[0]).toMatch(/^漢+~[0-9a-f]{8}$/);
    expect(names[2]).toBe('漢'.repeat(81));
    expect(fitName('short', 5)).toBe('short');
    expect(fitName('😀😀😀😀', 14)).toMatch(/^😀~[0-9a-f]{8}$/);
  });

  test('are never those of an input or of a file of another program', () => {
    const inputs = ['a.png', 'a.heatmap.png', 'b.png'].map((name) => join(dir, name));
    expect(plan(inputs, dir, [join(dir, 'b.heatmap.png')])).toEqual(
      ['a_2', 'a.heatmap', 'b_2'].map((name) => join(dir, name)),
    );
    // The same folder by another path.
    const link = join(dir, 'link');
    symlinkSync(dir, link);
    expect(plan(inputs.slice(0, 2), link)).toEqual(['a_2', 'a.heatmap'].map((name) => join(link, name)));
  });

  test('of many pictures are planned in a short time', () => {
    const many = Array.from({ length: 4096 }, (_, i) => `/p/${i}/${'x'.repeat(i % 9)}.png`);
    const same = Array.from(
      { length: 4096 },
      (_, i) => `/p/${[...i.toString(2).padStart(12, '0')].map((b) => (b === '1' ? 'A' : 'a')).join('')}.png`,
    );
    let compared = 0;
    const counting = (names: string[]): string[] =>
      outputNames(names, { folder: 'out', suffixes: ['.heatmap.png'], isForeign: () => ++compared < 0 });
    expect(new Set(counting(many)).size).toBe(4096);
    expect(new Set(counting(same).map((n) => n.toLowerCase())).size).toBe(4096);
    expect(compared).toBe(8192);
  });
});

test("predict's own pictures are told from others", () => {
  const plain = encodePng(4, 4, new Uint8Array(48));
  const [own, foreign, renamed] = ['a.heatmap.png', 'b.heatmap.png', 'c.png'].map((name) => join(dir, name));
  writeFileSync(own!, markOwn(plain));
  writeFileSync(foreign!, plain);
  writeFileSync(renamed!, markOwn(plain));
  expect([own!, foreign!, join(dir, 'none.png'), join(own!, 'x')].map(pictureAt)).toEqual([
    'own',
    'foreign',
    undefined,
    undefined,
  ]);
  expect([own!, foreign!, renamed!].map(isOwnPicture)).toEqual([true, false, false]);
});
