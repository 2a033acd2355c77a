/**
 * The mark in the pictures that predict writes: they are no input of a later run over the same folder, and may be replaced
 * where a picture of the user's own may not.
 */
import { closeSync, existsSync, openSync, readSync } from 'node:fs';
import { crc32 } from '../io/crc32.js';

/** Endings of the pictures that carry the mark. */
export const OWN_ENDINGS = ['.heatmap.png', '.map.png', '.mask.png'] as const;

/** A text chunk's type and contents, as PNG defines them. */
const MARK = new TextEncoder().encode('tEXtSoftware\0aaclip predict');
/** Bytes of signature and header, after which the chunk stands. */
const START = 33;

/** The PNG file with the mark in it. */
export function markOwn(png: Uint8Array): Uint8Array {
  const out = new Uint8Array(png.length + MARK.length + 8);
  out.set(png.subarray(0, START));
  const view = new DataView(out.buffer);
  view.setUint32(START, MARK.length - 4);
  out.set(MARK, START + 4);
  view.setUint32(START + 4 + MARK.length, crc32(MARK));
  out.set(png.subarray(START), START + MARK.length + 8);
  return out;
}

/** What is at a path: a picture with the mark, something else, or nothing. */
export function pictureAt(path: string): 'own' | 'foreign' | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return existsSync(path) ? 'foreign' : undefined;
  }
  try {
    const found = Buffer.alloc(MARK.length);
    readSync(file, found, 0, MARK.length, START + 4);
    return found.equals(MARK) ? 'own' : 'foreign';
  } catch {
    return 'foreign';
  } finally {
    closeSync(file);
  }
}

/** Whether a file is named as predict names its pictures, and carries the mark. */
export function isOwnPicture(path: string): boolean {
  const lower = path.toLowerCase();
  return OWN_ENDINGS.some((ending) => lower.endsWith(ending)) && pictureAt(path) === 'own';
}
