/** The registry of data sets, with what the user's own file adds. */
import { readFile } from 'node:fs/promises';
import { REGISTRY, type Registry } from '../data/datasets.js';
import { fileText } from '../data/file_text.js';
import { extendRegistry } from '../data/registry_file.js';
import { fileError } from './file_error.js';
import { readConfig } from './settings_file.js';

/** Files that define data sets. */
export interface RegistryFiles {
  /** File that extends the registry. */
  readonly registry?: string;
  /** Settings file, which may name such a file. */
  readonly config?: string;
}

/** The registry with the user's own file, if there is one. @throws one line that names the file and the place in it */
export async function openRegistry(files: RegistryFiles): Promise<Registry> {
  const path = files.registry ?? (await readConfig(files.config)).registry;
  if (path === undefined) return REGISTRY;
  const bytes = await readFile(path).catch((error: unknown) => {
    throw fileError(path, 'read', error);
  });
  return extendRegistry(path, fileText(path, bytes), REGISTRY);
}
