/** Weights, adapters and other files that tasks name by what they hold: put into the store once, fetched once a worker. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { cacheFolder } from '../../node/cache_folder.js';
import { fileError } from '../../node/file_error.js';
import { makeFolder } from '../../node/make_folder.js';
import type { Store } from './store.js';

/** A file or a folder of files in the store. */
export interface FileRef {
  readonly name: string;
  /** 32 hex digits of a hash over all bytes, and over the names of the files in a folder. */
  readonly fingerprint: string;
}

/** What a task's payload says of a file. */
export const FILE_REF = z.strictObject({
  name: z.string().regex(/^(?!\.{1,2}$)[^/\\\p{Cc}]{1,200}$/u, 'expected the name of a file'),
  fingerprint: z.string().regex(/^[0-9a-f]{32}$/, 'expected 32 hex digits'),
});

interface LocalFile {
  /** Relative to the folder; empty for a file of its own. */
  readonly name: string;
  readonly path: string;
}

async function hashOf(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  } catch (error) {
    throw fileError(path, 'read', error);
  }
  return hash.digest('hex');
}

/** The fingerprint of a file, or of the files of a folder. */
async function fingerprintOf(files: readonly LocalFile[]): Promise<string> {
  const lines: string[] = [];
  for (const { name, path } of files) lines.push(`${await hashOf(path)} ${name}\n`);
  return createHash('sha256').update(lines.sort().join('')).digest('hex').slice(0, 32);
}

/** @throws one line when there is nothing at the path, or nothing in the folder */
async function filesAt(path: string, only: ((name: string) => boolean) | undefined): Promise<LocalFile[]> {
  try {
    if (!(await stat(path)).isDirectory()) return [{ name: '', path }];
    const found: LocalFile[] = [];
    for (const name of await readdir(path)) {
      if (name.startsWith('.') || only?.(name) === false) continue;
      if ((await stat(join(path, name))).isFile()) found.push({ name, path: join(path, name) });
    }
    if (found.length === 0)
      throw new Error(`${path}: holds none of the files that the task needs; name another folder`);
    return found;
  } catch (error) {
    throw fileError(path, 'read', error);
  }
}

const placeOf = ({ name, fingerprint }: FileRef): string => `files/${fingerprint}/${name}`;
const within = (place: string, name: string): string => (name === '' ? place : `${place}/${name}`);

/**
 * Puts a file into the store, or the files that lie in a folder, unless the store has them.
 * @param only which files of a folder the task needs; all when undefined
 * @returns what a task names it by
 * @throws one line when it cannot be read, or the store cannot be written to
 */
export async function publish(store: Store, path: string, only?: (name: string) => boolean): Promise<FileRef> {
  const files = await filesAt(path, only);
  const ref = { name: basename(resolve(path)), fingerprint: await fingerprintOf(files) };
  for (const file of files) {
    const name = within(placeOf(ref), file.name);
    if (!(await store.has(name))) await store.putFile(name, file.path);
  }
  return ref;
}

/** Puts a value into the store as a file of JSON. @throws one line when the store cannot be written to */
export async function publishJson(store: Store, name: string, value: unknown): Promise<FileRef> {
  const bytes = Buffer.from(JSON.stringify(value));
  const own = createHash('sha256').update(bytes).digest('hex');
  const ref = { name, fingerprint: createHash('sha256').update(`${own} \n`).digest('hex').slice(0, 32) };
  if (!(await store.has(placeOf(ref)))) await store.put(placeOf(ref), bytes);
  return ref;
}

/** Gets files of tasks from the store: in place where it is a folder, else by one download into a cache of this machine. */
export class FileFetcher {
  readonly #store: Store;
  readonly #cache: string;
  readonly #fetched = new Map<string, Promise<string>>();

  /** @param cache folder for downloads; by default one of this user's */
  constructor(store: Store, cache: string = cacheFolder('queue-files')) {
    this.#store = store;
    this.#cache = cache;
  }

  /**
   * The local path of a file or folder in the store, once its bytes have been compared with the fingerprint.
   * @throws one line when the store has it not, or other bytes
   */
  fetch(ref: FileRef): Promise<string> {
    const place = placeOf(ref);
    let path = this.#fetched.get(place);
    if (!path) {
      path = this.#fetch(ref, place);
      this.#fetched.set(place, path);
      // The next task tries again.
      path.catch(() => this.#fetched.delete(place));
    }
    return path;
  }

  async #fetch(ref: FileRef, place: string): Promise<string> {
    const names: string[] = [];
    if (await this.#isFile(place)) names.push('');
    else for await (const name of this.#store.list(`${place}/`)) names.push(name.slice(place.length + 1));
    if (names.length === 0) {
      throw new Error(`store ${this.#store.where}: has no ${place}; run the command that queued the task again`);
    }
    const inPlace = this.#store.pathOf(place);
    const path = inPlace ?? join(this.#cache, ref.fingerprint, ref.name);
    const local = names.map((name) => ({ name, path: name === '' ? path : join(path, name) }));
    for (const file of inPlace === undefined ? local : []) {
      if (await stat(file.path).catch(() => undefined)) continue;
      makeFolder(dirname(file.path));
      await this.#store.getFile(within(place, file.name), file.path);
    }
    if ((await fingerprintOf(local)) === ref.fingerprint) return path;
    if (inPlace === undefined) for (const file of local) await unlink(file.path).catch(() => undefined);
    throw new Error(
      `store ${this.#store.where}: ${place} is damaged: its bytes have another fingerprint; remove it and run the command that queued the task again`,
    );
  }

  /** Whether a place in the store is a file; a folder store has its folders under the same names. */
  async #isFile(place: string): Promise<boolean> {
    const path = this.#store.pathOf(place);
    if (path === undefined) return this.#store.has(place);
    return (await stat(path).catch(() => undefined))?.isFile() ?? false;
  }
}
