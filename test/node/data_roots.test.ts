import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { REGISTRY } from '../../src/data/datasets.js';
import { findRoot } from '../../src/node/data_roots.js';
import { type Config, readConfig } from '../../src/node/settings_file.js';

const dir = mkdtempSync(join(tmpdir(), 'aaclip-roots-'));
const at = (...parts: string[]): string => join(dir, ...parts);
const home = process.cwd();

beforeAll(() => {
  for (const folder of ['base/mvtec_ad', 'base/MedAD/Brain_AD', 'base/mine', 'other/mvtec', 'flat']) {
    mkdirSync(at(folder), { recursive: true });
  }
});
afterAll(() => {
  process.chdir(home);
  rmSync(dir, { recursive: true });
});

const none: Config = { file: 'aaclip.config.json', roots: new Map() };
const configured: Config = { ...none, roots: new Map([['MVTec', at('other/mvtec')]]) };
const registry = REGISTRY;

describe('the folder of a data set', () => {
  test('is the one named, or the one below it that has the published name', () => {
    expect(findRoot('MVTec', { data: at('flat'), config: none, registry })).toBe(at('flat'));
    expect(findRoot('MVTec', { data: at('base'), config: none, registry })).toBe(at('base/mvtec_ad'));
    expect(findRoot('Brain', { data: at('base'), config: none, registry })).toBe(at('base/MedAD/Brain_AD'));
    // The user's own data set is the folder itself, with any contents.
    expect(findRoot('mine', { data: at('base'), config: none, registry })).toBe(at('base'));
    expect(findRoot('mine', { data: at('base'), several: true, config: none, registry })).toBe(at('base/mine'));
    expect(() => findRoot('MVTec', { data: at('flat'), several: true, config: none, registry })).toThrow(
      /flat.mvtec_ad/,
    );
  });

  test('comes from the flag, else the environment, else the configuration', () => {
    const both = { environment: at('base'), config: configured, registry };
    expect(findRoot('MVTec', { ...both, data: at('flat') })).toBe(at('flat'));
    expect(findRoot('MVTec', both)).toBe(at('base/mvtec_ad'));
    expect(findRoot('MVTec', { config: configured, registry })).toBe(at('other/mvtec'));
    expect(findRoot('MVTec', { ...both, environment: at('flat') })).toBe(at('other/mvtec'));
    // A folder missing under the flag's path is not looked for anywhere else.
    expect(() => findRoot('MVTec', { ...both, data: at('gone') })).toThrow(/gone \(--data\)/);
  });

  test('that is found nowhere is an error that gives the three ways to name it', () => {
    expect(() => findRoot('VisA', { environment: at('base'), config: configured, registry })).toThrow(
      `data set VisA: no folder: looked for ${at('base/VisA_20220922')} (AACLIP_DATA): give --data DIR, set AACLIP_DATA to the folder that holds VisA_20220922, or write {"roots": {"VisA": "DIR"}} into aaclip.config.json`,
    );
  });
});

describe('the configuration', () => {
  test('is read from the working folder, or from a named file; its paths start from its folder', async () => {
    process.chdir(dir);
    expect((await readConfig()).roots.size).toBe(0);
    writeFileSync(at('flat/own.json'), JSON.stringify({ roots: { A: 'a/b', B: at('c') }, registry: 'r.json' }));
    writeFileSync(at('aaclip.config.json'), '{"roots": {"A": "x"}}');
    expect([...(await readConfig()).roots]).toEqual([['A', 'x']]);
    const { roots, registry: file } = await readConfig(join('flat', 'own.json'));
    expect([...roots]).toEqual([
      ['A', join('flat', 'a/b')],
      ['B', at('c')],
    ]);
    expect(file).toBe(join('flat', 'r.json'));
    process.chdir(home);
  });

  test.each([
    ['[]', /not an object/],
    ['{"root": {}}', /unknown key "root": expected "roots" and "registry"/],
    ['{"roots": ["a"]}', /"roots": expected an object/],
    ['{"roots": {"A": 1}}', /root of A: expected a path/],
    ['{"registry": ""}', /"registry": expected a path/],
    ['{', /not JSON/],
  ])('of %s is refused in one line', async (text, message) => {
    writeFileSync(at('bad.json'), text);
    await expect(readConfig(at('bad.json'))).rejects.toThrow(message);
    await expect(readConfig(at('bad.json'))).rejects.toThrow(/^[^\n]*bad\.json: [^\n]*$/);
  });

  test('that was named and is missing is refused', async () => {
    await expect(readConfig(at('gone.json'))).rejects.toThrow(/gone\.json: cannot read/);
  });
});
