/** Files of weights in the origin's private file system, so that they need not be picked again. */
import { AaclipError } from '../detect/errors.js';
import type { StoredFile, StoredFolder } from './browser.js';
import type { KeptFile } from './engine_messages.js';

/** Ends the name of a file that is being written. */
const UNFINISHED = '.part';
/** Bytes that are copied at a time. */
const CHUNK = 1 << 23;

/** The browser cannot keep a file; the file itself can be used all the same. */
export class StorageError extends Error {
  override readonly name = 'StorageError';
}

const named = (error: unknown, name: string): boolean => error instanceof Error && error.name === name;

export class KeptFiles {
  readonly #root: () => Promise<StoredFolder>;
  readonly #name: string;

  /**
   * @param root opens the top folder of the private file system; undefined where the browser has none
   * @param name of the folder that the files are in
   */
  constructor(root: (() => Promise<StoredFolder>) | undefined, name = 'weights') {
    this.#name = name;
    this.#root =
      root ??
      (async () => {
        throw new StorageError('storage: this browser keeps no files: pick the file again at the next visit');
      });
  }

  async #folder(): Promise<StoredFolder> {
    return (await this.#root()).getDirectoryHandle(this.#name, { create: true });
  }

  /** The files, by name. What was not written to its end is removed. */
  async list(): Promise<KeptFile[]> {
    const folder = await this.#folder();
    const found: StoredFile[] = [];
    for await (const entry of folder.values()) if (entry.kind === 'file') found.push(entry);
    for (const { name } of found.filter((entry) => entry.name.endsWith(UNFINISHED))) {
      // Another tab may be writing it.
      await folder.removeEntry(name).catch(() => undefined);
    }
    const whole = found.filter((entry) => !entry.name.endsWith(UNFINISHED));
    const files = await Promise.all(whole.map(async (e) => ({ name: e.name, size: (await e.getFile()).size })));
    return files.sort((a, b) => a.name.localeCompare(b.name));
  }

  /** @throws AaclipError `weights` where it is not kept any more */
  async open(name: string): Promise<Blob> {
    try {
      return await (await (await this.#folder()).getFileHandle(name)).getFile();
    } catch (error) {
      if (error instanceof StorageError) throw error;
      throw new AaclipError('weights', `${name}: no longer kept in this browser: pick the file again`, {
        cause: error,
      });
    }
  }

  /**
   * Copies a file. It appears under its name when all of it is there; one of that name is replaced.
   * @param tell called with the share that is copied
   * @throws StorageError where there is no room; nothing is left behind then
   */
  async keep(name: string, file: Blob, tell: (share: number) => void, signal: AbortSignal): Promise<KeptFile> {
    const folder = await this.#folder();
    const part = `${name}${UNFINISHED}`;
    try {
      const entry = await folder.getFileHandle(part, { create: true });
      const out = await entry.createSyncAccessHandle();
      try {
        for (let at = 0; at < file.size; at += CHUNK) {
          signal.throwIfAborted();
          const bytes = new Uint8Array(await file.slice(at, at + CHUNK).arrayBuffer());
          if (out.write(bytes, { at }) !== bytes.length) throw new StorageError('no room');
          tell(Math.min(1, (at + CHUNK) / file.size));
        }
        out.flush();
      } finally {
        out.close();
      }
      await entry.move(name);
      return { name, size: file.size };
    } catch (error) {
      await folder.removeEntry(part).catch(() => undefined);
      if (signal.aborted) throw new AaclipError('aborted', 'aborted by the caller', { cause: error });
      const full = named(error, 'QuotaExceededError') || error instanceof StorageError;
      const why = full ? 'the browser has no room for it' : error instanceof Error ? error.message : String(error);
      throw new StorageError(`${name}: not kept: ${why}: it is used for this visit; free some space to keep it`, {
        cause: error,
      });
    }
  }

  async forget(name: string): Promise<void> {
    await (await this.#folder()).removeEntry(name).catch((error: unknown) => {
      if (!named(error, 'NotFoundError')) throw error;
    });
  }
}
