/** Words outside of memory: a temporary file without a name, which is gone when it is closed, or the process ends. */
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import type { WordStore } from '../eval/key_list.js';
import { fileError } from './file_error.js';
import { keep, temporaryIn } from './temporaries.js';

/**
 * Opens a store of 32-bit words.
 * @param folder where the file lies; the system's folder for temporary files by default (`TMPDIR` names another one)
 * @throws one line when it cannot be made, and later when it cannot be written to, as on a full disk
 */
export function openWordFile(folder: string = tmpdir()): WordStore {
  const path = temporaryIn(folder);
  const attempt = <T>(action: 'read' | 'write', work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw fileError(folder, action, error);
    }
  };
  const file = attempt('write', () => openSync(path, 'wx+'));
  let linked = true;
  const unlink = (): void => {
    try {
      rmSync(path);
      keep(path);
      linked = false;
    } catch {
      // Windows keeps the names of open files.
    }
  };
  unlink();
  let length = 0;
  return {
    append(words) {
      const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
      for (let at = 0; at < bytes.length; ) {
        at += attempt('write', () => writeSync(file, bytes, at, bytes.length - at, 4 * length + at));
      }
      length += words.length;
      return length - words.length;
    },
    read(from, count) {
      const words = new Uint32Array(count);
      const bytes = new Uint8Array(words.buffer);
      for (let at = 0; at < bytes.length; ) {
        const more = attempt('read', () => readSync(file, bytes, at, bytes.length - at, 4 * from + at));
        if (more === 0) throw new Error(`${folder}: a temporary file was cut short: run again`);
        at += more;
      }
      return words;
    },
    [Symbol.dispose]() {
      closeSync(file);
      if (linked) unlink();
    },
  };
}
