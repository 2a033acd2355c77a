/** JSON files that a later start of the same command reads again, and what they say they belong to. */
import { readFileSync } from 'node:fs';
import { fileError } from '../node/file_error.js';

/**
 * The object in a file, undefined where there is no file.
 * @param damaged the error for a file that holds anything else
 * @throws one line when it cannot be read or is no object
 */
export function readKept<T extends object>(path: string, damaged: (path: string) => Error): T | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(path, 'read', error);
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as T;
  } catch {
    // Said below.
  }
  throw damaged(path);
}

/** A setting in which two runs differ. */
export interface Difference {
  readonly key: string;
  /** Both values as JSON; "not given" where a run has none. */
  readonly before: string;
  readonly now: string;
}

/** The first setting in which two runs differ. @param ignored settings that do not count */
export function firstDifference(before: object, now: object, ignored: readonly string[] = []): Difference | undefined {
  const current = JSON.parse(JSON.stringify(now)) as object;
  const of = (run: object, key: string): string =>
    JSON.stringify((run as Readonly<Record<string, unknown>>)[key]) ?? 'not given';
  const keys = [...Object.keys(current), ...Object.keys(before)];
  const key = keys.find((k) => !ignored.includes(k) && of(before, k) !== of(current, k));
  return key === undefined ? undefined : { key, before: of(before, key), now: of(current, key) };
}
