/** Private storage in memory. */
import type { StoredFile, StoredFolder } from '../../src/web/browser.js';

/** The part of the origin's private file system that is used, in memory. */
export class Folder implements StoredFolder {
  readonly files = new Map<string, Uint8Array>();
  readonly folders = new Map<string, Folder>();
  /** Bytes that it takes. */
  room = Number.POSITIVE_INFINITY;
  /** Whether a write beyond the room throws, or writes less. */
  throws = true;

  async getDirectoryHandle(name: string): Promise<StoredFolder> {
    const found = this.folders.get(name) ?? new Folder();
    found.room = this.room;
    found.throws = this.throws;
    this.folders.set(name, found);
    return found;
  }

  async getFileHandle(name: string, options?: { readonly create: boolean }): Promise<StoredFile> {
    if (!options?.create && !this.files.has(name)) throw new DOMException('', 'NotFoundError');
    if (!this.files.has(name)) this.files.set(name, new Uint8Array());
    return this.#handle(name);
  }

  async removeEntry(name: string): Promise<void> {
    if (!this.files.delete(name)) throw new DOMException('', 'NotFoundError');
  }

  async *values(): AsyncIterable<StoredFile> {
    for (const name of this.files.keys()) yield this.#handle(name);
  }

  #handle(name: string): StoredFile {
    const { files } = this;
    const write = (bytes: Uint8Array, { at }: { readonly at: number }): number => {
      if (at + bytes.length > this.room) {
        if (this.throws) throw new DOMException('no room', 'QuotaExceededError');
        return 0;
      }
      const whole = new Uint8Array(Math.max(files.get(name)!.length, at + bytes.length));
      whole.set(files.get(name)!);
      whole.set(bytes, at);
      files.set(name, whole);
      return bytes.length;
    };
    return {
      ...{ kind: 'file', name },
      getFile: async () => new File([new Uint8Array(files.get(name)!)], name),
      createSyncAccessHandle: async () => ({ write, flush: () => undefined, close: () => undefined }),
      async move(to) {
        files.set(to, files.get(name)!);
        files.delete(name);
      },
    };
  }
}
