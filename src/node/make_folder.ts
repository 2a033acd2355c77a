/** Makes folders for output. */
import { accessSync, constants, mkdirSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fileError } from './file_error.js';

/**
 * Makes a folder and those above it, where they are missing, and checks that files can be made in it. Node's own recursive
 * `mkdir` never returns below /proc, and reports a read-only disk as a missing folder.
 * @throws one line when it cannot be made or written to, or a file is in the way
 */
export function makeFolder(path: string): void {
  try {
    make(resolve(path), 'EEXIST');
    accessSync(path, constants.W_OK);
  } catch (error) {
    throw fileError(path, 'write', error);
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

/** @param code of the error where a file is in the way: versions of Node differ in what they say of paths through a file */
function make(folder: string, code: 'EEXIST' | 'ENOTDIR'): void {
  const there = statSync(folder, { throwIfNoEntry: false });
  if (there?.isDirectory()) return;
  if (there) throw Object.assign(new Error(`${folder} is a file`), { code });
  const above = dirname(folder);
  if (above !== folder) make(above, 'ENOTDIR');
  try {
    mkdirSync(folder);
  } catch (error) {
    // Another process may have made it meanwhile.
    if (isFolder(folder)) return;
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new Error(`${folder}: cannot write: no folder can be made there; choose another place`, { cause: error });
  }
}
