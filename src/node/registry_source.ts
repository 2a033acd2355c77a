/** The registry of data sets, with what the user's own file adds. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { REGISTRY, type Registry } from '../data/datasets.js';
import { extendRegistry } from '../data/registry_file.js';
import { fileError } from './file_error.js';
import { readConfig } from './settings_file.js';

/** Where data sets and their folders are told from, besides `--data`. */
export interface RegistryFlags {
  readonly registry?: string;
  readonly config?: string;
}

/** Adds `--registry --config`. */
export function registryOptions(command: Command): Command {
  return command
    .option('--registry <file>', 'JSON file with data sets of your own; "aaclip registry" prints the form')
    .option('--config <file>', 'settings: {"roots": {"MVTec": DIR}, "registry": FILE} (default: aaclip.config.json)');
}

/** The registry that flags or the configuration ask for. @throws one line that names the file and the place in it */
export async function openRegistry(flags: RegistryFlags): Promise<Registry> {
  const path = flags.registry ?? (await readConfig(flags.config)).registry;
  if (path === undefined) return REGISTRY;
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileError(path, 'read', error);
  });
  return extendRegistry(path, text, REGISTRY);
}
