/** Locks and temporary files: which of them belong to a run that is going on, and which were left behind. */
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { makeFolder } from '../../src/node/make_folder.js';
import { processName, processState } from '../../src/node/process_name.js';
import { RunLock } from '../../src/node/run_lock.js';
import { removeOwn, sweep, temporaryIn } from '../../src/node/temporaries.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'aaclip-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** This process's name with other parts: pid, start, host, boot, numbering. */
const named = (change: Partial<Record<0 | 1 | 2 | 3 | 4, string>>): string =>
  processName()
    .split('-')
    .map((part, i) => change[i as 0] ?? part)
    .join('-');

const OTHER = 'aaaaaaaa';
const running = processName();
const noSuchPid = named({ 0: '4194305' });
const earlierBoot = named({ 3: OTHER });
const elsewhere = named({ 2: OTHER, 3: OTHER });
const otherContainer = named({ 4: OTHER });

describe('a process', () => {
  test('is told by its number, the machine and its start, and the container', () => {
    const states = [running, noSuchPid, elsewhere, otherContainer].map(processState);
    expect(states).toEqual(['running', 'gone', 'unknown', 'unknown']);
  });

  test.runIf(process.platform === 'linux')('is not taken for a later one of its number', () => {
    expect(processState(named({ 1: '1' }))).toBe('gone');
    expect(processState(earlierBoot)).toBe('gone');
  });
});

/** Makes a file look old. */
function age(path: string, ms: number): void {
  const then = new Date(Date.now() - ms);
  utimesSync(path, then, then);
}

describe('temporary files', () => {
  const put = (owner: string, n: number): string => {
    const path = join(folder, `.aaclip-${owner}-00000000000${n}.tmp`);
    writeFileSync(path, '');
    return path;
  };

  test('of processes that are gone are swept, others stay', () => {
    const gone = put(noSuchPid, 1);
    const foreign = put(elsewhere, 2);
    const old = put(elsewhere, 3);
    age(old, 25 * 60 * 60 * 1000);
    const mine = put(running, 4);
    const users = join(folder, '.notes.tmp');
    writeFileSync(users, '');
    sweep(folder);
    expect([gone, foreign, old, mine, users].map((path) => existsSync(path))).toEqual([false, true, false, true, true]);
  });

  test('go when the process ends, and have short names', () => {
    const path = temporaryIn(folder);
    writeFileSync(path, '');
    removeOwn();
    expect(readdirSync(folder)).toEqual([]);
    expect(path.length - folder.length).toBeLessThan(100);
  });
});

describe('a lock', () => {
  const lock = (kind = 'train'): RunLock => new RunLock(folder, kind, 'name another folder (--save_path)');
  const path = (): string => join(folder, '.aaclip-train.lock');
  const held = (owner: string): void => {
    const number = String(statSync(folder, { bigint: true }).ino);
    writeFileSync(path(), JSON.stringify({ owner, folder: number, pid: 7, host: 'far', since: '2020-01-01' }));
  };

  test('keeps a second run of its kind out until it is given back', () => {
    {
      using _first = lock();
      expect(() => lock()).toThrow(
        new RegExp(
          `^${folder}: another training \\(process ${process.pid} on .*\\) writes to it: wait for it, or name another folder`,
        ),
      );
      using _test = lock('test');
      expect(readdirSync(folder).sort()).toEqual(['.aaclip-test.lock', '.aaclip-train.lock']);
    }
    expect(readdirSync(folder)).toEqual([]);
    using _again = lock();
  });

  test.each([
    ['of a process that is gone', noSuchPid, 0],
    ['of a machine that has not renewed it for long', elsewhere, 6 * 60_000],
  ])('%s does not count', (_, owner, old) => {
    held(owner);
    age(path(), old);
    using _own = lock();
    expect(readFileSync(path(), 'utf8')).toContain(running);
    expect(readdirSync(folder)).toEqual(['.aaclip-train.lock']);
  });

  test.each([
    ['of another machine', () => held(elsewhere), /process 7 on far, since 2020-01-01\)/],
    ['that cannot be read', () => writeFileSync(path(), '{'), /another training writes to it/],
  ])('%s counts while it is fresh, and the remedy names it', (_, put, message) => {
    put();
    const before = readFileSync(path(), 'utf8');
    expect(() => lock()).toThrow(message);
    expect(() => lock()).toThrow(`or delete ${path()} if that run has ended`);
    expect(readFileSync(path(), 'utf8')).toBe(before);
    expect(readdirSync(folder)).toEqual(['.aaclip-train.lock']);
  });

  test('that was copied with its folder does not count', () => {
    using _own = lock();
    const copy = join(folder, 'copy');
    makeFolder(copy);
    cpSync(path(), join(copy, '.aaclip-train.lock'));
    using _other = new RunLock(copy, 'train', 'name another folder');
  });

  test('that another run has taken meanwhile is left to it', () => {
    const own = lock();
    held(elsewhere);
    own[Symbol.dispose]();
    expect(existsSync(path())).toBe(true);
  });
});

describe('a folder for output', () => {
  test('is made with those above it', () => {
    makeFolder(join(folder, 'a', 'b'));
    makeFolder(join(folder, 'a', 'b'));
    expect(readdirSync(join(folder, 'a'))).toEqual(['b']);
  });

  test('is not made where a file is in the way', () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    expect(() => makeFolder(file)).toThrow(`${file}: cannot write: a file of that name is in the way`);
    expect(() => makeFolder(join(file, 'a'))).toThrow('a part of the path is a file');
  });

  test.runIf(process.platform === 'linux')('is refused at once below /proc', () => {
    expect(() => makeFolder('/proc/x/y')).toThrow(/^\/proc\/x\S*: cannot write: no folder can be made there/);
  });
});
