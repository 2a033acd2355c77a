/** Settings that stay the same from run to run: `aaclip.config.json` in the working folder, or a file named outright. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileError } from './file_error.js';

const CONFIG_FILE = 'aaclip.config.json';

/** Paths in the file start from its own folder; here they start from the working folder. */
export interface Config {
  /** What messages call it. */
  readonly file: string;
  /** Folder of each data set. */
  readonly roots: ReadonlyMap<string, string>;
  /** File that extends the registry. */
  readonly registry?: string;
}

/**
 * Reads the settings; there are none where no file was named and none lies in the working folder.
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
    // As it stands where it is absolute, else from the file's folder.
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
