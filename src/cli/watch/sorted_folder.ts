/** Moves pictures into folders by their verdict. No file is ever replaced, and none is without a name at any moment. */
import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
} from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { fileError } from '../../node/file_error.js';
import { makeFolder } from '../../node/make_folder.js';
import { fitName, MOST_BYTES } from '../../node/output_names.js';
import { keep, temporaryIn } from '../../node/temporaries.js';

/** Where a picture goes; `review` holds those that have no score. */
export type Bin = 'good' | 'faulty' | 'review';
export const BINS: readonly Bin[] = ['good', 'faulty', 'review'];

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** `a.png`, `a_2.png`, `a_3.png`... */
function numbered(path: string, n: number): string {
  const ending = extname(path);
  const number = n === 1 ? '' : `_${n}`;
  const name = basename(path, ending);
  return join(dirname(path), `${fitName(name, MOST_BYTES - Buffer.byteLength(number + ending))}${number}${ending}`);
}

export class SortedFolder {
  readonly path: string;

  /** Makes the folders. @throws one line when they cannot be made */
  constructor(path: string) {
    this.path = resolve(path);
    for (const bin of BINS) makeFolder(join(path, bin));
  }

  /**
   * A free path for a picture, at the same place below its bin as below the watched folder.
   * @param taken paths that are promised to other pictures
   */
  place(image: string, bin: Bin, taken: ReadonlySet<string>): string {
    const wanted = join(this.path, bin, image);
    for (let n = 1; ; n++) {
      const path = numbered(wanted, n);
      if (!taken.has(path) && !existsSync(path)) return path;
    }
  }

  /**
   * Moves a file. Where another file has got the name in the meantime, the next free number is taken.
   * @param again whether an earlier try may have been cut short: then a copy at `to` is that try's, and only the original goes
   * @returns where the file is now; undefined where it was gone
   * @throws one line when it cannot be moved; it then still is where it was
   */
  move(from: string, to: string, again: boolean): string | undefined {
    try {
      if (!existsSync(from)) return undefined;
      makeFolder(dirname(to));
      if (again && existsSync(to) && isSame(from, to)) {
        unlinkSync(from);
        return to;
      }
      for (let n = 1; ; n++) {
        const path = numbered(to, n);
        if (!put(from, path)) continue;
        return path;
      }
    } catch (error) {
      throw fileError(to, 'write', error);
    }
  }
}

/** Whether two names lead to one file, or to copies of each other. */
function isSame(a: string, b: string): boolean {
  const [x, y] = [statSync(a), statSync(b)];
  if (x.ino === y.ino && x.dev === y.dev) return true;
  return x.size === y.size && readFileSync(a).equals(readFileSync(b));
}

/** Gives the file the new name and takes the old one from it. @returns false where the name is taken */
function put(from: string, to: string): boolean {
  try {
    // Unlike a rename, this fails where the name is taken.
    linkSync(from, to);
    unlinkSync(from);
    return true;
  } catch (error) {
    const code = codeOf(error);
    if (code === 'EEXIST') return false;
    if (code === 'EXDEV') return copy(from, to);
    if (code === undefined || !['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(code)) throw error;
  }
  return reserveAndRename(from, to);
}

/** For file systems without links: an empty file holds the name for the moment before the rename. */
function reserveAndRename(from: string, to: string): boolean {
  try {
    closeSync(openSync(to, 'wx'));
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    unlinkSync(to);
    if (codeOf(error) === 'EXDEV') return copy(from, to);
    throw error;
  }
}

/** To another file system: the original goes only when the disk has the whole copy under its name. */
function copy(from: string, to: string): boolean {
  const temporary = temporaryIn(dirname(to));
  try {
    copyFileSync(from, temporary, constants.COPYFILE_EXCL);
    const { atime, mtime } = statSync(from);
    utimesSync(temporary, atime, mtime);
    sync(temporary);
    if (!put(temporary, to)) {
      unlinkSync(temporary);
      return false;
    }
    sync(dirname(to));
    unlinkSync(from);
    return true;
  } catch (error) {
    if (existsSync(temporary)) unlinkSync(temporary);
    throw error;
  } finally {
    keep(temporary);
  }
}

function sync(path: string): void {
  try {
    const file = openSync(path, 'r');
    fsyncSync(file);
    closeSync(file);
  } catch (error) {
    // Windows opens no folders and flushes no file that is open for reading only.
    if (process.platform !== 'win32') throw error;
  }
}
