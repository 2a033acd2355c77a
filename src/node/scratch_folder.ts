/** Folders for work in progress: each goes with its disposal, those of a process that was killed at the next start. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache_folder.js';
import { fileError } from './file_error.js';
import { makeFolder } from './make_folder.js';
import { PROCESS_NAME, processName, processState } from './process_name.js';

const SCRATCH = new RegExp(`^(${PROCESS_NAME.source})-`);

const removeFolder = (path: string): void => rmSync(path, { recursive: true, force: true });

export class ScratchFolder implements Disposable {
  readonly path: string;

  /**
   * Makes an empty folder below this user's cache.
   * @param part of the cache, for one kind of work
   * @throws one line when it cannot be made
   */
  constructor(part: string) {
    const place = cacheFolder(part);
    makeFolder(place);
    try {
      for (const name of readdirSync(place)) {
        const owner = SCRATCH.exec(name)?.[1];
        if (owner !== undefined && processState(owner) === 'gone') removeFolder(join(place, name));
      }
      this.path = mkdtempSync(join(place, `${processName()}-`));
    } catch (error) {
      throw fileError(place, 'write', error);
    }
  }

  [Symbol.dispose](): void {
    removeFolder(this.path);
  }
}
