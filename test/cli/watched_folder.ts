/** A temporary folder for each test of `watch`, with a folder `in` for arrivals. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, vi } from 'vitest';
import { encodePng } from '../../src/node/encode_png.js';

/** Makes the folder before each test of a file and removes it afterwards, and takes back what was put in place of `node:fs`. */
export function watchedFolder(): (...names: string[]) => string {
  let dir = '';
  const at = (...names: string[]): string => join(dir, ...names);
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'aaclip-watch-'));
    mkdirSync(at('in'));
  });
  afterEach(() => {
    vi.restoreAllMocks();
    syncBuiltinESMExports();
    rmSync(dir, { recursive: true, force: true });
  });
  return at;
}

/** A small picture of one grey level. */
export const png = (level = 1): Uint8Array => encodePng(9, 7, new Uint8Array(189).fill(level));
