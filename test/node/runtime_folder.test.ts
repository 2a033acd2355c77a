import { chmodSync, lstatSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ensureRuntimeFolder } from '../../src/node/runtime_folder.js';

describe.runIf(process.platform === 'linux')("the driver's private folder", () => {
  const before = { folder: process.env.XDG_RUNTIME_DIR, tmp: process.env.TMPDIR };
  let tmp = '';
  const own = () => join(tmp, `aaclip-runtime-${process.getuid?.()}`);
  const ensured = (): string => {
    delete process.env.XDG_RUNTIME_DIR;
    ensureRuntimeFolder();
    return process.env.XDG_RUNTIME_DIR ?? '';
  };

  beforeEach(() => {
    tmp = mkdtempSync(join(tmpdir(), 'runtime-test-'));
    process.env.TMPDIR = tmp;
  });
  afterEach(() => {
    for (const [name, value] of [
      ['XDG_RUNTIME_DIR', before.folder],
      ['TMPDIR', before.tmp],
    ] as const) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    rmSync(tmp, { recursive: true, force: true });
  });

  test('is left as it is where the environment names one', () => {
    process.env.XDG_RUNTIME_DIR = join(tmp, 'mine');
    ensureRuntimeFolder();
    expect(process.env.XDG_RUNTIME_DIR).toBe(join(tmp, 'mine'));
  });

  test('belongs to this user alone, and is the same every time', () => {
    expect(ensured()).toBe(own());
    expect(lstatSync(own()).mode & 0o777).toBe(0o700);
    expect(ensured()).toBe(own());
  });

  test('is a different one where others can read the usual one', () => {
    ensured();
    chmodSync(own(), 0o755);
    const other = ensured();
    expect(other).not.toBe(own());
    expect(lstatSync(other).mode & 0o777).toBe(0o700);
  });

  test('is a different one where the usual one is a link', () => {
    symlinkSync(tmp, own());
    const other = ensured();
    expect(other).not.toBe(own());
    expect(lstatSync(other).isDirectory()).toBe(true);
  });
});
