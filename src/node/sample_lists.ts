/** A data set to train or test on: its folder and the list of its samples. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { DatasetInfo } from '../data/datasets.js';
import { fileText } from '../data/file_text.js';
import { LAYOUTS, type Layout } from '../data/index_layouts.js';
import { counted, LayoutError } from '../data/index_rows.js';
import { parseMetadata, type Sample } from '../data/metadata.js';
import { own, similarName } from '../data/names.js';
import { DATA_VARIABLE, findRoot, isFolder, type RootOptions } from './data_roots.js';
import { fileError } from './file_error.js';
import { linksNote, placeSamples } from './list_paths.js';
import { openRegistry, type RegistryFiles } from './registry_source.js';
import { scanFolder } from './scan_folder.js';
import { readConfig } from './settings_file.js';

/** Name of the list of all samples. */
export const FULL = 'full-shot.jsonl';

/** Where a data set and its list are, as the user gives it. */
export interface DataLocation extends RegistryFiles {
  /** The data set's folder, or the folder above it. */
  readonly data?: string;
  /** The list, or a folder with a list for each data set. */
  readonly metadata?: string;
  /** Whether relative paths in the list may lead out of the data set's folder. */
  readonly allowOutside?: boolean;
}

export interface DataSource {
  readonly name: string;
  /** What the registry knows of it; undefined for the user's own data. */
  readonly info: DatasetInfo | undefined;
  readonly root: string;
  /** Name of the list in messages. */
  readonly list: string;
  readonly samples: readonly Sample[];
  /** What the user should know about the list. */
  readonly notes: readonly string[];
}

/**
 * Where data sets are looked up: the registry, the settings and the environment.
 * @param several whether there is more than one data set
 * @throws when one list is given for several data sets
 */
export async function dataPlaces(location: DataLocation, several: boolean): Promise<RootOptions> {
  const { data, metadata } = location;
  if (several && metadata !== undefined && !isFolder(metadata)) {
    throw new Error(`--metadata: several data sets: expected a folder with DATASET/${FULL} in it, got ${metadata}`);
  }
  const [config, registry] = [await readConfig(location.config), await openRegistry(location)];
  return { config, registry, several, data, environment: process.env[DATA_VARIABLE] };
}

/**
 * What the registry knows of a data set. A name it does not know is the user's own data set, if a folder or list is given.
 * @throws listing the known names, or the known name that differs in spelling only
 */
function infoOf(name: string, places: RootOptions, location: DataLocation): DatasetInfo | undefined {
  const { datasets } = places.registry;
  const info = own(datasets, name);
  if (info) return info;
  const meant = similarName(Object.keys(datasets), name);
  const named =
    location.data !== undefined ||
    location.metadata !== undefined ||
    places.config.roots.has(name) ||
    (places.environment !== undefined && isFolder(join(places.environment, name)));
  if (meant === undefined && named) return undefined;
  const expected = meant ?? `one of ${Object.keys(datasets).join(', ')}`;
  const remedy = meant === undefined ? ': name the folder of your own data with --data' : '';
  throw new Error(`data set: unknown name: expected ${expected}, got ${JSON.stringify(name)}${remedy}`);
}

/** The file of a list; undefined if it does not exist. @throws when the user gave a folder without the list */
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
 * Whether `openData` finds a list as a file: one that `--metadata` names, or one of this name in the places it looks at.
 * @throws one line when the data set is unknown or has no folder
 */
export function hasList(name: string, list: string, location: DataLocation, places: RootOptions): boolean {
  infoOf(name, places, location);
  const { metadata } = location;
  if (metadata === undefined) return listPlaces(name, findRoot(name, places), list).some((p) => existsSync(p));
  return !isFolder(metadata) || [join(metadata, name, list), join(metadata, list)].some((p) => existsSync(p));
}

/** The files of samples, pictures and masks. */
const filesOf = (samples: readonly Sample[]): string[] =>
  samples.flatMap(({ imagePath, maskPath }) => (maskPath === undefined ? [imagePath] : [imagePath, maskPath]));

/** A known data set whose files lie in another way than it is published: repacked by another program, for example. */
function otherLayout(name: string, root: string, error: LayoutError, layout: Layout): Error {
  const fits = error.fits ? ` --layout ${error.fits}` : '';
  return new Error(
    `${name}: the files in ${root} are not laid out as published (${LAYOUTS[layout]}): list them with "aaclip index ${root}${fits} --out ${root}"`,
  );
}

/**
 * Opens a data set.
 * @param list name of the list: `full-shot.jsonl` (made from the data set's files where it is missing and the layout is
 * known) or `32-shot.jsonl`
 * @throws one line when the folder or the list is missing, or a line of the list is wrong
 */
export async function openData(
  name: string,
  list: string,
  location: DataLocation,
  places: RootOptions,
): Promise<DataSource> {
  const info = infoOf(name, places, location);
  const root = findRoot(name, places);
  const path = listFile(name, root, list, location.metadata);
  if (path !== undefined) {
    const bytes = await readFile(path).catch((error: unknown) => {
      throw fileError(path, 'read', error);
    });
    const samples = placeSamples(parseMetadata(path, fileText(path, bytes)), {
      list: path,
      root,
      allowOutside: location.allowOutside,
    });
    const links = linksNote(root, filesOf(samples));
    return { name, info, root, list: path, samples, notes: links === undefined ? [] : [links] };
  }
  if (info?.layout === undefined || list !== FULL) {
    const layout = info?.layout ? ` --layout ${info.layout}` : '';
    throw new Error(
      `${list}: no list of samples: looked for ${listPlaces(name, root, list).join(', ')}: make one with "aaclip index ${root}${layout} --out ${root}" or name it with --metadata`,
    );
  }
  // A data set with a single class may have no folder for it.
  const [only = name, ...others] = Object.keys(info.classes);
  const className = others.length === 0 ? only : name;
  const { rows, parts, notes } = await scanFolder(root, info.layout, className).catch((error: unknown) => {
    throw error instanceof LayoutError ? otherLayout(name, root, error, info.layout!) : error;
  });
  if (parts.size > 0) {
    throw new Error(
      `${name}: ${counted(parts.size, 'picture')} in ${root} with several masks: unite them with "aaclip index ${root} --layout ${info.layout} --out ${root}"`,
    );
  }
  const note = `${name}: no ${list}: ${rows.length} samples listed from the files in ${root}`;
  const samples = rows.map((row, i) => ({ ...row, line: i + 1 }));
  return { name, info, root, list: root, samples, notes: [note, ...notes] };
}
