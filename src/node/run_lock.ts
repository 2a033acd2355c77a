/** A lock on a folder: one run at a time writes to it. */
import { linkSync, readFileSync, renameSync, statSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { fileError } from './file_error.js';
import { makeFolder } from './make_folder.js';
import { processName, processState } from './process_name.js';
import { keep, removeAtExit, sweep, temporaryIn } from './temporaries.js';

/** How often the holder renews its lock. */
const RENEW_MS = 20_000;
/** A lock of another machine that was not renewed for this long is left over from a run that has ended. */
const LEFT_MS = 5 * 60_000;

interface Holder {
  /** As `processName` gives it. */
  readonly owner: string;
  /** Number of the folder on its disk: a copy of the folder, lock and all, is nobody's. */
  readonly folder: string;
  readonly pid: number;
  readonly host: string;
  readonly since: string;
}

/**
 * Held from its making to its disposal, or to the end of the process however it comes: a lock whose process is gone, or
 * was on another machine and is not renewed any more, does not count.
 */
export class RunLock implements Disposable {
  readonly #path: string;
  readonly #text: string;
  readonly #renewal: NodeJS.Timeout;

  /**
   * Makes the folder where it is missing, locks it, and removes temporary files that earlier runs left in it.
   * @param kind of run, `train`, `test` or `watch-NAME`: runs of different kinds write different files
   * @param remedy what to do instead of waiting, for the error
   * @throws one line when another run of this kind holds the folder, or it cannot be written to
   */
  constructor(folder: string, kind: string, remedy: string) {
    makeFolder(folder);
    sweep(folder);
    this.#path = join(folder, `.aaclip-${kind}.lock`);
    const holder: Holder = {
      owner: processName(),
      folder: numberOf(folder),
      pid: process.pid,
      host: hostname(),
      since: new Date().toISOString(),
    };
    this.#text = `${JSON.stringify(holder)}\n`;
    const temporary = temporaryIn(folder);
    try {
      writeFileSync(temporary, this.#text, { flag: 'wx' });
      this.#take(folder, kind, temporary, remedy);
    } catch (error) {
      throw fileError(folder, 'write', error);
    } finally {
      removeFile(temporary);
      keep(temporary);
    }
    removeAtExit(this.#path);
    this.#renewal = setInterval(() => renew(this.#path), RENEW_MS).unref();
  }

  /** Gives the folder back. */
  [Symbol.dispose](): void {
    clearInterval(this.#renewal);
    if (read(this.#path) === this.#text) removeFile(this.#path);
    keep(this.#path);
  }

  #take(folder: string, kind: string, temporary: string, remedy: string): void {
    for (let tries = 0; tries < 10; tries++) {
      if (putInPlace(temporary, this.#path)) return;
      const found = read(this.#path);
      if (found === undefined) continue;
      const holder = parse(found);
      if (isHeld(holder, this.#path, temporary)) {
        throw new Error(`${folder}: ${describe(holder, kind)} writes to it: ${remedyFor(holder, this.#path, remedy)}`);
      }
      // Moved away first: since it was read, another run may have put its own lock there, which then goes back.
      if (moved(this.#path, temporary) && read(temporary) !== found) putInPlace(temporary, this.#path);
      removeFile(temporary);
      writeFileSync(temporary, this.#text, { flag: 'wx' });
    }
    throw new Error(`${folder}: its lock ${this.#path} changes all the time: ${remedy}`);
  }
}

/** Gives a written file the lock's name, unless the name is taken. */
function putInPlace(temporary: string, path: string): boolean {
  try {
    linkSync(temporary, path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return false;
    if (code === 'ENOENT' || code === 'EACCES' || code === 'EROFS') throw error;
  }
  // A file system without links.
  try {
    writeFileSync(path, readFileSync(temporary), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

const numberOf = (folder: string): string => String(statSync(folder, { bigint: true }).ino);

function moved(from: string, to: string): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** @param fresh a file that was just written: its time is the time of the disk, whose clock may differ from ours */
function isHeld(holder: Holder | undefined, path: string, fresh: string): boolean {
  if (holder !== undefined && holder.folder !== numberOf(dirname(path))) return false;
  const state = holder === undefined ? 'unknown' : processState(holder.owner);
  if (state !== 'unknown') return state === 'running';
  const renewed = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return renewed !== undefined && statSync(fresh).mtimeMs - renewed < LEFT_MS;
}

function describe(holder: Holder | undefined, kind: string): string {
  const run = kind === 'train' ? 'another training' : `another ${kind.split('-')[0]}`;
  return holder === undefined ? run : `${run} (process ${holder.pid} on ${holder.host}, since ${holder.since})`;
}

function remedyFor(holder: Holder | undefined, path: string, remedy: string): string {
  const sure = holder !== undefined && processState(holder.owner) === 'running';
  return sure ? `wait for it, or ${remedy}` : `wait for it, ${remedy}, or delete ${path} if that run has ended`;
}

function parse(text: string): Holder | undefined {
  try {
    const { owner, folder, pid, host, since } = JSON.parse(text) as Record<string, unknown>;
    if (typeof owner !== 'string' || typeof pid !== 'number') return undefined;
    return { owner, folder: String(folder), pid, host: String(host), since: String(since) };
  } catch {
    return undefined;
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(path, 'read', error);
  }
}

function renew(path: string): void {
  try {
    const now = new Date();
    utimesSync(path, now, now);
  } catch {
    // Tried again later.
  }
}

function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It has gone.
  }
}
