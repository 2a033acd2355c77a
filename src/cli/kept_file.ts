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
  /** Both values as JSON. */
  readonly before: string;
  readonly now: string;
}

/** The first setting of `now` that differs from the kept one. @param ignored settings that do not count */
export function firstDifference(before: object, now: object, ignored: readonly string[] = []): Difference | undefined {
  const [kept, current] = [before, JSON.parse(JSON.stringify(now)) as object].map(
    (run) => (key: string) => JSON.stringify((run as Readonly<Record<string, unknown>>)[key]),
  );
  const key = Object.keys(now).find((k) => !ignored.includes(k) && kept!(k) !== current!(k));
  return key === undefined ? undefined : { key, before: kept!(key), now: current!(key) };
}
