/** Weights that were fetched: files in the user's cache folder, by the names of `RELEASED_WEIGHTS`. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { RELEASED_WEIGHTS, type ReleasedWeights } from '../data/released_weights.js';
import { cacheFolder } from './cache_folder.js';

/** Where the weights of a row are, once they were fetched. */
export const fetchedFile = ({ name }: ReleasedWeights): string => join(cacheFolder('weights'), `${name}.safetensors`);

/** Bytes of the file, undefined where it was not fetched. */
export function fetchedBytes(row: ReleasedWeights): number | undefined {
  return statSync(fetchedFile(row), { throwIfNoEntry: false })?.size;
}

/**
 * The file that a name stands for: that of fetched weights, or the name itself where it is none of theirs, or a file or
 * folder of that name exists.
 * @throws one line that says how to fetch them, where they were not
 */
export function namedWeights(name: string): string {
  const row = RELEASED_WEIGHTS.find((r) => r.name === name);
  if (!row || existsSync(name)) return name;
  const file = fetchedFile(row);
  if (existsSync(file)) return file;
  throw new Error(
    `${name}: not fetched yet: run "aaclip weights fetch ${name}" (${row.mebibytes} MiB), or name a file`,
  );
}
