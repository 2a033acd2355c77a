/** Maps kept on disk: a class is drawn with the range of all its maps, which is only known after the last one. */
import { type FileHandle, open, unlink } from 'node:fs/promises';
import type { ScoreMap } from '../../detect/share_map.js';
import { fileError } from '../../node/file_error.js';
import { makeFolder } from '../../node/make_folder.js';
import { keep, temporaryIn } from '../../node/temporaries.js';

export class MapFile implements AsyncDisposable {
  readonly #path: string;
  readonly #handle: FileHandle;
  /** Where each map begins, and its sides. */
  readonly #places = new Map<number, { readonly at: number; readonly width: number; readonly height: number }>();
  #end = 0;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  /** Makes a new file in a folder, which is created if it is missing. */
  static async create(folder: string): Promise<MapFile> {
    makeFolder(folder);
    const path = temporaryIn(folder);
    try {
      return new MapFile(path, await open(path, 'wx+'));
    } catch (error) {
      throw fileError(folder, 'write', error);
    }
  }

  async put(place: number, { width, height, data }: ScoreMap): Promise<void> {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const begin = this.#end;
    this.#end += bytes.length;
    this.#places.set(place, { at: begin, width, height });
    try {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at, begin + at);
        at += bytesWritten;
      }
    } catch (error) {
      throw fileError(this.#path, 'write', error);
    }
  }

  async get(place: number): Promise<ScoreMap> {
    const { at: begin, width, height } = this.#places.get(place)!;
    const data = new Float32Array(width * height);
    const bytes = new Uint8Array(data.buffer);
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await this.#handle.read(bytes, at, bytes.length - at, begin + at);
      if (bytesRead === 0) throw new Error(`${this.#path}: the maps are gone: run again`);
      at += bytesRead;
    }
    return { width, height, data };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
    await unlink(this.#path).catch(() => undefined);
    keep(this.#path);
  }
}
