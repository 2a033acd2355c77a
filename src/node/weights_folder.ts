/** Files that were fetched: in the user's cache folder, by the names of `RELEASED_FILES`. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { isCheckpoint, RELEASED_FILES, type ReleasedFile } from '../data/released_weights.js';
import { cacheFolder } from './cache_folder.js';

/** Where the file of a row is, once it was fetched: CLIP as safetensors, checkpoints as they were released. */
export const fetchedFile = (row: ReleasedFile): string =>
  join(cacheFolder('weights'), `${row.name}${isCheckpoint(row) ? '.pth' : '.safetensors'}`);

/** Bytes of the file, undefined where it was not fetched. */
export function fetchedBytes(row: ReleasedFile): number | undefined {
  return statSync(fetchedFile(row), { throwIfNoEntry: false })?.size;
}

function fetched(row: ReleasedFile, elsewhere: string): string {
  const file = fetchedFile(row);
  if (existsSync(file)) return file;
  throw new Error(
    `${row.name}: not fetched yet: run "aaclip weights fetch ${row.name}" (${row.mebibytes} MiB), or ${elsewhere}`,
  );
}

/**
 * The file that a name of CLIP's weights stands for: that of fetched weights, or the name itself where it is none of theirs,
 * or a file or folder of that name exists.
 * @throws one line that says how to fetch them, where they were not
 */
export function namedWeights(name: string): string {
  const row = RELEASED_FILES.find((r) => r.name === name);
  if (!row || existsSync(name)) return name;
  if (isCheckpoint(row)) {
    throw new Error(`${name}: a checkpoint of ${row.method}, not CLIP: give it to --adapters or --save_path`);
  }
  return fetched(row, 'name a file');
}

/**
 * The file that a name of a method's checkpoint stands for, or the name itself where it is none of theirs. The name comes
 * before a file or folder so called: `test` leaves its results in a folder of that name.
 * @throws one line that says how to fetch it, where it was not
 */
export function namedCheckpoint(name: string): string {
  const row = RELEASED_FILES.find((r) => r.name === name);
  return row && isCheckpoint(row) ? fetched(row, `write ./${name} for a file or folder of that name`) : name;
}
