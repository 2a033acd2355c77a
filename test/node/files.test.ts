import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { bytesSource } from '../../src/io/source.js';
import { appendLines } from '../../src/node/append_lines.js';
import { writeAtomically } from '../../src/node/atomic_write.js';
import { fileError } from '../../src/node/file_error.js';
import { fileSource } from '../../src/node/file_source.js';

let folder = '';
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'aaclip-test-')));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const bytes = Uint8Array.from({ length: 1000 }, (_, i) => i & 255);
async function* chunks(...parts: Uint8Array[]) {
  yield* parts;
}

describe('byte sources', () => {
  test.each(['file', 'memory'])('read ranges and refuse those outside: %s', async (kind) => {
    const path = join(folder, 'a.bin');
    writeFileSync(path, bytes);
    const source = kind === 'file' ? await fileSource(path) : bytesSource(path, bytes);
    expect(source).toMatchObject({ name: path, size: 1000 });
    const range = await source.read(3, 5);
    expect(range).toEqual(bytes.slice(3, 8));
    expect(range.byteOffset).toBe(0);
    range.fill(0);
    expect(await source.read(0, 1000)).toEqual(bytes);
    expect(await source.read(1000, 0)).toHaveLength(0);
    for (const [offset, length] of [
      [999, 2],
      [-1, 1],
      [0, -1],
      [0.5, 1],
      [Number.NaN, 1],
    ] as const) {
      await expect(source.read(offset, length)).rejects.toThrow(/read past the end: expected bytes within 0..1000/);
    }
  });

  test('read a pipe whole, and only once', async () => {
    const path = join(folder, 'pipe');
    execFileSync('mkfifo', [path]);
    const writing = writeFile(path, bytes);
    const source = await fileSource(path);
    await writing;
    expect(source).toMatchObject({ name: path, size: 1000 });
    expect(await source.read(3, 5)).toEqual(bytes.slice(3, 8));
    expect(await source.read(0, 1000)).toEqual(bytes);
  });

  test('say that a file is missing or is a folder', async () => {
    const path = join(folder, 'a.bin');
    await expect(fileSource(path)).rejects.toThrow(`${path}: cannot read: no such file or folder; check the path`);
    await expect(fileSource(folder)).rejects.toThrow(`${folder}: cannot read: it is a folder; name a file`);
  });

  test('say that a file has changed, was replaced or has gone since it was opened', async () => {
    const path = join(folder, 'a.bin');
    writeFileSync(path, bytes);
    const source = await fileSource(path);
    writeFileSync(path, bytes.subarray(0, 10));
    await expect(source.read(0, 5)).rejects.toThrow(`${path}: file was changed while it was being read; run again`);
    const again = await fileSource(path);
    await writeAtomically(path, bytes.subarray(10, 20));
    await expect(again.read(0, 5)).rejects.toThrow(/file was changed/);
    rmSync(path);
    await expect(again.read(0, 5)).rejects.toThrow(/no such file/);
  });
});

test('lines are added to a log, after the end of one that was cut', () => {
  const path = join(folder, 'a.log');
  appendLines(path, 'one\n');
  appendLines(path, 'two\n');
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n');
  const cut = join(folder, 'cut.log');
  writeFileSync(cut, 'one\ntw');
  appendLines(cut, 'three\n');
  appendLines(cut, 'four\n');
  expect(readFileSync(cut, 'utf8')).toBe('one\ntw\nthree\nfour\n');
  expect(() => appendLines(join(folder, 'none', 'a'), 'x\n')).toThrow('cannot write: no such file or folder');
});

describe('writeAtomically', () => {
  test('writes bytes and chunks, and leaves nothing else behind', async () => {
    const path = join(folder, 'a.bin');
    await writeAtomically(path, bytes);
    expect(new Uint8Array(readFileSync(path))).toEqual(bytes);
    await writeAtomically(path, chunks(bytes.subarray(5, 9), new Uint8Array(0), bytes.subarray(1, 2)));
    expect([...readFileSync(path)]).toEqual([5, 6, 7, 8, 1]);
    await writeAtomically(path, [bytes.subarray(7, 8)]);
    expect([...readFileSync(path)]).toEqual([7]);
    expect(readdirSync(folder)).toEqual(['a.bin']);
  });

  test('leaves the old file as it is when the contents fail half way', async () => {
    const path = join(folder, 'a.bin');
    writeFileSync(path, 'old');
    const broken = (async function* () {
      yield bytes;
      throw new Error('tensor x: wrong length');
    })();
    await expect(writeAtomically(path, broken)).rejects.toThrow('tensor x: wrong length');
    expect(readFileSync(path, 'utf8')).toBe('old');
    expect(readdirSync(folder)).toEqual(['a.bin']);
  });

  test('shows the new contents only when they are whole', async () => {
    const path = join(folder, 'a.bin');
    writeFileSync(path, 'old');
    const watched = (async function* () {
      yield bytes;
      expect(readFileSync(path, 'utf8')).toBe('old');
      yield bytes;
    })();
    await writeAtomically(path, watched);
    expect(readFileSync(path)).toHaveLength(2000);
  });

  test('replaces the file a link points to, not the link', async () => {
    const target = join(folder, 'target.bin');
    const link = join(folder, 'link.bin');
    writeFileSync(target, 'old');
    symlinkSync(target, link);
    await writeAtomically(link, new TextEncoder().encode('new'));
    expect(readFileSync(target, 'utf8')).toBe('new');
    expect(realpathSync(link)).toBe(target);
  });

  test('says that a folder is missing or in the way', async () => {
    const missing = join(folder, 'none', 'a.bin');
    await expect(writeAtomically(missing, bytes)).rejects.toThrow(
      `${missing}: cannot write: no such file or folder; check the path`,
    );
    const inTheWay = join(folder, 'dir');
    mkdirSync(inTheWay);
    await expect(writeAtomically(inTheWay, bytes)).rejects.toThrow(
      `${inTheWay}: cannot write: it is a folder; name a file`,
    );
    expect(readdirSync(folder)).toEqual(['dir']);
    writeFileSync(join(folder, 'file'), '');
    await expect(writeAtomically(join(folder, 'file', 'a'), bytes)).rejects.toThrow('a part of the path is a file');
  });

  test.each([
    ['ENOSPC', 'the disk is full; free some space and run again'],
    ['EACCES', 'permission denied; change its permissions or choose another place'],
    ['EXYZ', 'the system says EXYZ'],
  ])('says %s in words', (code, words) => {
    const error = fileError('a.bin', 'write', Object.assign(new Error('raw'), { code }));
    expect(error.message).toBe(`a.bin: cannot write: ${words}`);
  });

  test("passes on the program's own errors", () => {
    const error = new Error('tensor x');
    expect(fileError('a.bin', 'write', error)).toBe(error);
    expect(fileError('a.bin', 'write', 'text').message).toBe('text');
  });
});
