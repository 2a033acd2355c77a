/** The folders whose pictures a worker may read: the only files of its machine that a task can name. */
import { realpathSync } from 'node:fs';
import { isAbsolute, join, sep } from 'node:path';
import { printable } from '../../data/printable.js';
import { AaclipError } from '../../detect/errors.js';
import { fileError } from '../../node/file_error.js';

export class SharedFolders {
  readonly #folders: readonly string[];

  /**
   * @param folders as given by `--data`
   * @throws one line when one of them is not there
   */
  constructor(folders: readonly string[]) {
    this.#folders = folders.map((folder) => {
      try {
        return realpathSync(folder);
      } catch (error) {
        throw fileError(folder, 'read', error);
      }
    });
  }

  /**
   * The path of a file that a task names, in the first of the folders that has it.
   * @param relativePath parts with `/` between them, below one of the folders
   * @throws AaclipError when it leads out of the folders, by itself or by a link; a plain error when none of them has it, since
   *   another worker may
   */
  resolve(relativePath: string): string {
    const refuse = (why: string): AaclipError =>
      new AaclipError(
        'options',
        `${printable(relativePath)}: ${why}; a task may only name files below a worker's --data folders`,
      );
    const parts = relativePath.split('/');
    if (relativePath === '' || relativePath.includes('\0')) throw refuse('no path of a file');
    if (isAbsolute(relativePath) || /^[a-z]:/i.test(relativePath)) throw refuse('an absolute path');
    if (parts.includes('..') || relativePath.includes('\\')) throw refuse('leads out of the folder');
    for (const folder of this.#folders) {
      let path: string;
      try {
        path = realpathSync(join(folder, relativePath));
      } catch {
        continue;
      }
      // A link may lead into another of the folders.
      if (!this.#folders.some((root) => path === root || path.startsWith(root.endsWith(sep) ? root : root + sep))) {
        throw refuse('a link that leads out of the folder');
      }
      return path;
    }
    const where = this.#folders.map((folder) => printable(folder)).join(', ') || 'no folder: the worker has no --data';
    throw new Error(
      `${printable(relativePath)}: not found on this worker (searched ${where}); start the worker with the --data folder that holds it`,
    );
  }
}
