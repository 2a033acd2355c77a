/** Maps kept on disk: a class is drawn with the range of all its maps, which is only known after the last one. */
import { type FileHandle, open, unlink } from 'node:fs/promises';
import { fileError } from '../../node/file_error.js';
import { makeFolder } from '../../node/make_folder.js';
import { keep, temporaryIn } from '../../node/temporaries.js';

export class MapFile implements AsyncDisposable {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #pixels: number;

  private constructor(path: string, handle: FileHandle, pixels: number) {
    this.#path = path;
    this.#handle = handle;
    this.#pixels = pixels;
  }

  /** Makes a new file in a folder, which is created if it is missing. */
  static async create(folder: string, pixels: number): Promise<MapFile> {
    makeFolder(folder);
    const path = temporaryIn(folder);
    try {
      return new MapFile(path, await open(path, 'wx+'), pixels);
    } catch (error) {
      throw fileError(folder, 'write', error);
    }
  }

  async put(place: number, map: Float32Array): Promise<void> {
    const bytes = new Uint8Array(map.buffer, map.byteOffset, map.byteLength);
    try {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await this.#handle.write(bytes, at, bytes.length - at, place * bytes.length + at);
        at += bytesWritten;
      }
    } catch (error) {
      throw fileError(this.#path, 'write', error);
    }
  }

  async get(place: number): Promise<Float32Array> {
    const map = new Float32Array(this.#pixels);
    const bytes = new Uint8Array(map.buffer);
    for (let at = 0; at < bytes.length; ) {
      const { bytesRead } = await this.#handle.read(bytes, at, bytes.length - at, place * bytes.length + at);
      if (bytesRead === 0) throw new Error(`${this.#path}: the maps are gone: run again`);
      at += bytesRead;
    }
    return map;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
    await unlink(this.#path).catch(() => undefined);
    keep(this.#path);
  }
}
