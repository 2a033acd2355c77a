import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { knownTiles } from '../../src/kernels/known_tiles.js';
import { adapterFile } from '../../src/node/adapter_file.js';
import { readTiles, writeTiles } from '../../src/node/tiles_file.js';
import { device } from '../devices.js';

const ADAPTER = { vendor: 'acme', architecture: '', device: 'Rocket 9', description: 'driver 1.2' };
const TILES = { 'matmul.panel f16': { TM: 4, TN: 2, WG: 64 } };
const before = process.env.XDG_CACHE_HOME;
let cache = '';

beforeEach(() => {
  cache = mkdtempSync(join(tmpdir(), 'aaclip-cache-'));
  process.env.XDG_CACHE_HOME = cache;
});

afterEach(() => {
  if (before === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = before;
  rmSync(cache, { recursive: true });
});

async function read(adapter = ADAPTER) {
  const notes: string[] = [];
  const tiles = readTiles(adapter, (await device()).traits, (note) => notes.push(note));
  return { tiles, notes };
}

it('tiles are kept by adapter and driver, in the cache of this user', async () => {
  expect(await read()).toEqual({ tiles: undefined, notes: [] });
  const path = await writeTiles(ADAPTER, TILES);
  expect(path.startsWith(join(cache, 'aaclip', 'tuning'))).toBe(true);
  expect(readdirSync(join(cache, 'aaclip', 'tuning'))).toHaveLength(1);
  expect(await read()).toEqual({ tiles: TILES, notes: [] });
  expect((await read({ ...ADAPTER, description: 'driver 1.3' })).tiles).toBeUndefined();
});

it('a file that is broken, of another version or with unknown tiles is one line and no tiles', async () => {
  const path = await writeTiles(ADAPTER, TILES);
  const whole = readFileSync(path, 'utf8');
  const cases: [string, RegExp][] = [
    [whole.slice(0, 20), /: not used: .*JSON/],
    ['null', /version undefined of aaclip/],
    [whole.replace(/"version": "[^"]*"/, '"version": "0.0.0"'), /made by version 0\.0\.0 of aaclip/],
    [whole.replace('matmul.panel f16', 'matmul.plane'), /tiles: no place "matmul\.plane": expected one of/],
    [whole.replace('"TM": 4', '"TM": 5000'), /matmul\.panel f16: .* is none of its \d+ tiles/],
  ];
  for (const [text, expected] of cases) {
    writeFileSync(path, text);
    const { tiles, notes } = await read();
    expect(tiles).toBeUndefined();
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(expected);
    expect(notes[0]).not.toContain('\n');
    expect(notes[0]).toContain(adapterFile('tuning', ADAPTER));
  }
});

it('the tiles of a known adapter are those of the first row whose words it has', () => {
  const rows = [
    { adapter: { device: 'rocket 9' }, tiles: TILES },
    { adapter: { vendor: 'ACME', architecture: 'saturn' }, tiles: { other: {} } },
    { adapter: { vendor: 'acme' }, tiles: { third: {} } },
  ];
  expect(knownTiles(ADAPTER, rows)).toBe(TILES);
  expect(knownTiles({ ...ADAPTER, device: 'Rocket 8' }, rows)).toEqual({ third: {} });
  expect(knownTiles({ ...ADAPTER, vendor: 'other', device: '' }, rows)).toEqual({});
});
