/** Weights kept in the browser: whole or not at all, also where there is no room. */
import { describe, expect, it } from 'vitest';
import type { StoredFile, StoredFolder } from '../../src/web/browser.js';
import { KeptFiles } from '../../src/web/kept_files.js';

/** The part of the origin's private file system that is used, in memory. */
class Folder implements StoredFolder {
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

const never = new AbortController().signal;

describe('kept files', () => {
  it('come back as they were, replace one another, and are forgotten', async () => {
    const root = new Folder();
    const kept = new KeptFiles(async () => root);
    const shares: number[] = [];
    const bytes = Uint8Array.from({ length: 20_000_000 }, (_, i) => i % 251);
    expect(await kept.keep('b.pt', new Blob([bytes]), (share) => shares.push(share), never)).toEqual({
      ...{ name: 'b.pt', size: bytes.length },
    });
    expect(shares.at(-1)).toBe(1);
    expect(shares.length).toBe(3);
    await kept.keep('a.pt', new Blob(['other']), () => undefined, never);
    expect((await kept.list()).map(({ name }) => name)).toEqual(['a.pt', 'b.pt']);
    expect(Buffer.from(await (await kept.open('b.pt')).arrayBuffer()).equals(bytes)).toBe(true);
    await kept.keep('b.pt', new Blob(['new']), () => undefined, never);
    expect(await (await kept.open('b.pt')).text()).toBe('new');
    await kept.forget('b.pt');
    await kept.forget('b.pt');
    await expect(kept.open('b.pt')).rejects.toThrow('b.pt: no longer kept in this browser: pick the file again');
  });

  it.each([true, false])('leave nothing behind where there is no room (an error: %s)', async (throws) => {
    const root = Object.assign(new Folder(), { room: 10, throws });
    const kept = new KeptFiles(async () => root);
    await kept.keep('small.pt', new Blob(['0123456789']), () => undefined, never);
    const large = kept.keep('large.pt', new Blob(['0123456789a']), () => undefined, never);
    await expect(large).rejects.toThrow(
      'large.pt: not kept: the browser has no room for it: it is used for this visit; free some space to keep it',
    );
    expect([...root.folders.get('weights')!.files.keys()]).toEqual(['small.pt']);
  });

  it('that were not written to their end are removed', async () => {
    const root = new Folder();
    const kept = new KeptFiles(async () => root);
    await kept.list();
    root.folders.get('weights')!.files.set('half.pt.part', new Uint8Array(5));
    expect(await kept.list()).toEqual([]);
    expect(root.folders.get('weights')!.files.size).toBe(0);
    const stop = new AbortController();
    const kept2 = kept.keep('c.pt', new Blob([new Uint8Array(20_000_000)]), () => stop.abort(), stop.signal);
    await expect(kept2).rejects.toMatchObject({ code: 'aborted' });
    expect(root.folders.get('weights')!.files.size).toBe(0);
  });

  it('are not to be had in a browser without that storage', async () => {
    await expect(new KeptFiles(undefined).list()).rejects.toThrow(/^storage: this browser keeps no files/);
  });
});
