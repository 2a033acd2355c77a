/** Options about data sets: which ones are known, and where they are. */
import type { Command } from 'commander';
import { DATA_VARIABLE } from '../node/data_roots.js';
import type { RegistryFiles } from '../node/registry_source.js';
import type { DataLocation } from '../node/sample_lists.js';

export type RegistryFlags = RegistryFiles;

export interface DataFlags extends DataLocation {
  readonly dataset: string;
}

/** Adds `--registry --config`. */
export function registryOptions(command: Command): Command {
  return command
    .option('--registry <file>', 'JSON file with your own data sets; "aaclip registry" prints the form')
    .option(
      '--config <file>',
      'JSON file with settings: {"roots": {"MVTec": DIR}, "registry": FILE} (default: aaclip.config.json)',
    );
}

/** Adds `--data --metadata --allow-outside --registry --config`. */
export function dataOptions(command: Command): Command {
  return registryOptions(
    command
      .option(
        '--data <dir>',
        `the data set's folder, which paths in the list are relative to, or the folder that holds it under its published name (default: ${DATA_VARIABLE} or the configuration)`,
      )
      .option(
        '--metadata <file>',
        'list of samples, or a folder with a list for each data set (default: the list in the data folder, or one made from its files)',
      )
      .option('--allow-outside', 'accept relative paths in the list that lead out of the data folder'),
  );
}
