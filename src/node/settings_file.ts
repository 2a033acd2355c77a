/** Settings that stay the same from run to run: `aaclip.config.json` in the working folder, or another file. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileError } from './file_error.js';

const CONFIG_FILE = 'aaclip.config.json';

/** The settings. Paths are relative to the file's folder in the file, and to the working folder here. */
export interface Config {
  /** Name of the file in messages. */
  readonly file: string;
  /** Folder of each data set. */
  readonly roots: ReadonlyMap<string, string>;
  /** File that extends the registry. */
  readonly registry?: string;
}

/**
 * Reads the settings; they are empty where no file is named and the working folder has none.
 * @throws one line that names the file and the key
 */
export async function readConfig(path?: string): Promise<Config> {
  const file = path ?? CONFIG_FILE;
  if (path === undefined && !existsSync(file)) return { file, roots: new Map() };
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw fileError(file, 'read', error);
  });
  const wrong = (what: string, expected: string): Error => new Error(`${file}: ${what}: expected ${expected}`);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch (error) {
    throw wrong('not JSON', `{"roots": {"MVTec": DIR}} (${error instanceof Error ? error.message : String(error)})`);
  }
  const record = (value: unknown): value is Readonly<Record<string, unknown>> =>
    typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!record(parsed)) throw wrong('not an object', '{"roots": {"MVTec": DIR}}');
  const odd = Object.keys(parsed).find((key) => key !== 'roots' && key !== 'registry');
  if (odd !== undefined) throw wrong(`unknown key "${odd}"`, '"roots" and "registry"');
  const place = (what: string, value: unknown): string => {
    if (typeof value !== 'string' || value === '') throw wrong(what, 'a path');
    // An absolute path stays as it is; others are relative to the file's folder.
    return /^(?:[/\\]|[A-Za-z]:)/.test(value) ? value : join(dirname(file), value);
  };
  const { roots = {}, registry } = parsed;
  if (!record(roots)) throw wrong('"roots"', 'an object, {"MVTec": DIR}');
  return {
    file,
    roots: new Map(Object.entries(roots).map(([name, dir]) => [name, place(`root of ${name}`, dir)])),
    ...(registry === undefined ? {} : { registry: place('"registry"', registry) }),
  };
}
