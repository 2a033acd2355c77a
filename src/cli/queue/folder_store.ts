/** A store in a folder, which machines share over a network file system or a volume. */
import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, link, readdir, readFile, unlink } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { writeAtomically } from '../../node/atomic_write.js';
import { fileError } from '../../node/file_error.js';
import { makeFolder } from '../../node/make_folder.js';
import { checkName, type Store } from './store.js';

const IDENTITY = 'store-id';

const isMissing = (error: unknown): boolean =>
  ['ENOENT', 'ENOTDIR'].includes(String((error as NodeJS.ErrnoException).code));

export class FolderStore implements Store {
  readonly where: string;
  readonly #folder: string;
  readonly #made = new Set<string>();

  /** @throws one line when the folder cannot be made or written to */
  constructor(folder: string) {
    this.where = folder;
    this.#folder = resolve(folder);
    makeFolder(this.#folder);
  }

  pathOf(name: string): string {
    return join(this.#folder, checkName(name));
  }

  async identity(): Promise<string> {
    const found = await this.get(IDENTITY);
    if (found) return Buffer.from(found).toString('utf8').trim();
    const own = `${IDENTITY}-${randomUUID()}`;
    await this.put(own, Buffer.from(`${randomUUID()}\n`));
    // A link is made by one process only, also over a network; the others take what that one wrote.
    await link(this.pathOf(own), this.pathOf(IDENTITY)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw fileError(this.pathOf(IDENTITY), 'write', error);
    });
    await this.remove(own);
    return Buffer.from((await this.get(IDENTITY))!)
      .toString('utf8')
      .trim();
  }

  async put(name: string, bytes: Uint8Array): Promise<void> {
    await writeAtomically(this.#folderFor(name), bytes);
  }

  async putFile(name: string, path: string): Promise<void> {
    await writeAtomically(this.#folderFor(name), chunksOf(path));
  }

  async get(name: string): Promise<Uint8Array | undefined> {
    const path = this.pathOf(name);
    try {
      return await readFile(path);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw fileError(path, 'read', error);
    }
  }

  async getFile(name: string, toPath: string): Promise<void> {
    await writeAtomically(toPath, chunksOf(this.pathOf(name)));
  }

  async has(name: string): Promise<boolean> {
    const path = this.pathOf(name);
    try {
      await access(path);
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw fileError(path, 'read', error);
    }
  }

  async *list(prefix: string): AsyncGenerator<string, void, undefined> {
    const folder = prefix.replace(/\/$/, '');
    const path = this.pathOf(folder);
    let entries: Awaited<ReturnType<typeof entriesOf>>;
    try {
      entries = await entriesOf(path);
    } catch (error) {
      if (isMissing(error)) return;
      throw fileError(path, 'read', error);
    }
    for (const entry of entries) {
      // Names with a dot in front are files that are being written.
      if (entry.name.startsWith('.')) continue;
      const name = `${folder}/${entry.name}`;
      if (entry.isDirectory()) yield* this.list(`${name}/`);
      else yield name;
    }
  }

  async remove(name: string): Promise<void> {
    const path = this.pathOf(name);
    await unlink(path).catch((error: unknown) => {
      if (!isMissing(error)) throw fileError(path, 'write', error);
    });
  }

  #folderFor(name: string): string {
    const path = this.pathOf(name);
    const folder = dirname(path);
    if (!this.#made.has(folder)) makeFolder(folder);
    this.#made.add(folder);
    return path;
  }
}

const entriesOf = (path: string) => readdir(path, { withFileTypes: true });

/** The bytes of a file in pieces. @throws one line with the file when it cannot be read */
async function* chunksOf(path: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) yield chunk as Buffer;
  } catch (error) {
    throw fileError(path, 'read', error);
  }
}
