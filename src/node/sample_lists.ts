/** A data set to work on: its folder and the list of its samples, by the flags `train` and `test` share. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from 'commander';
import { own } from '../data/class_prompts.js';
import type { DatasetInfo } from '../data/datasets.js';
import { parseMetadata, type Sample } from '../data/metadata.js';
import { DATA_VARIABLE, findRoot, isFolder, type RootOptions } from './data_roots.js';
import { fileError } from './file_error.js';
import { openRegistry, type RegistryFlags, registryOptions } from './registry_source.js';
import { scanFolder } from './scan_folder.js';
import { readConfig } from './settings_file.js';

/** The list of all samples. */
export const FULL = 'full-shot.jsonl';

export interface DataFlags extends RegistryFlags {
  readonly dataset: string;
  readonly data?: string;
  readonly metadata?: string;
}

/** Adds `--data --metadata --registry --config`. */
export function dataOptions(command: Command): Command {
  return registryOptions(
    command
      .option(
        '--data <dir>',
        `folder the paths of the list start from, or the one that holds it under its published name (default: ${DATA_VARIABLE} or the configuration)`,
      )
      .option(
        '--metadata <file>',
        'the list of samples, or a folder with one a data set (default: in the data folder, or made from the files in it)',
      ),
  );
}

export interface DataSource {
  readonly name: string;
  /** What the registry knows; undefined for one's own data. */
  readonly info: DatasetInfo | undefined;
  readonly root: string;
  /** What messages call the list. */
  readonly list: string;
  readonly samples: readonly Sample[];
  /** What the user should know of the list. */
  readonly notes: readonly string[];
}

/** What `train` and `test` look data sets up in. @throws for one list that should serve several data sets */
export async function dataPlaces(flags: DataFlags, several: boolean): Promise<RootOptions> {
  if (several && flags.metadata !== undefined && !isFolder(flags.metadata)) {
    throw new Error(
      `--metadata: several data sets: expected a folder with DATASET/${FULL} in it, got ${flags.metadata}`,
    );
  }
  const [config, registry] = [await readConfig(flags.config), await openRegistry(flags)];
  return { config, registry, several, data: flags.data, environment: process.env[DATA_VARIABLE] };
}

/**
 * What the registry knows of a data set. A name it does not know is one's own data set, if its folder or list was named.
 * @throws listing the known names, or the one that differs in spelling only
 */
export function infoOf(name: string, places: RootOptions, flags: DataFlags): DatasetInfo | undefined {
  const { datasets } = places.registry;
  const info = own(datasets, name);
  if (info) return info;
  const plain = (text: string): string => text.toLowerCase().replaceAll(/[\s_-]/g, '');
  const meant = Object.keys(datasets).find((known) => plain(known) === plain(name));
  const named =
    flags.data !== undefined ||
    flags.metadata !== undefined ||
    places.config.roots.has(name) ||
    (places.environment !== undefined && isFolder(join(places.environment, name)));
  if (meant === undefined && named) return undefined;
  const expected = meant ?? `one of ${Object.keys(datasets).join(', ')}`;
  const remedy = meant === undefined ? ': name the folder of your own data with --data' : '';
  throw new Error(`data set: unknown name: expected ${expected}, got ${JSON.stringify(name)}${remedy}`);
}

/** The file of a list that exists, or undefined. @throws when the user named one that does not */
function listFile(dataset: string, root: string, list: string, metadata: string | undefined): string | undefined {
  if (metadata === undefined) return listPlaces(dataset, root, list).find((p) => existsSync(p));
  if (!isFolder(metadata)) return metadata;
  const places = [join(metadata, dataset, list), join(metadata, list)];
  const found = places.find((p) => existsSync(p));
  if (found === undefined) throw new Error(`${list}: no list of samples: looked for ${places.join(', ')}`);
  return found;
}

const listPlaces = (dataset: string, root: string, list: string): string[] => [
  join(root, list),
  join(root, 'metadata', dataset, list),
  join('dataset', 'metadata', dataset, list),
];

/**
 * Opens a data set.
 * @param list name of the list: `full-shot.jsonl`, which is made from the files where there is none and the layout is
 * known, or `32-shot.jsonl`
 * @throws one line when there is no folder, no list, or a line of it is wrong
 */
export async function openData(name: string, list: string, flags: DataFlags, places: RootOptions): Promise<DataSource> {
  const info = infoOf(name, places, flags);
  const root = findRoot(name, places);
  const path = listFile(name, root, list, flags.metadata);
  if (path !== undefined) {
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      throw fileError(path, 'read', error);
    });
    return { name, info, root, list: path, samples: parseMetadata(path, text), notes: [] };
  }
  if (info?.layout === undefined || list !== FULL) {
    const shots = list === FULL ? '' : ` --shots ${Number.parseInt(list, 10)}`;
    const layout = info?.layout ? ` --layout ${info.layout}` : '';
    throw new Error(
      `${list}: no list of samples: looked for ${listPlaces(name, root, list).join(', ')}: make one with "aaclip index ${root}${layout}${shots} --out ${root}" or name it with --metadata`,
    );
  }
  // A data set of one class may lie without a folder for it.
  const [only = name, ...others] = Object.keys(info.classes);
  const { rows, notes } = await scanFolder(root, info.layout, others.length === 0 ? only : name);
  const note = `${name}: no ${list}: ${rows.length} samples listed from the files in ${root}`;
  const samples = rows.map((row, i) => ({ ...row, line: i + 1 }));
  return { name, info, root, list: root, samples, notes: [note, ...notes] };
}
