/** Finds the folder of a data set through `--data`, the environment or the configuration. */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import type { Registry } from '../data/datasets.js';
import { own } from '../data/names.js';
import type { Config } from './settings_file.js';

/** Environment variable: a folder that holds data sets under their published names (`mvtec_ad`, `VisA_20220922`). */
export const DATA_VARIABLE = 'AACLIP_DATA';

export interface RootOptions {
  /** `--data`: the data set's folder or the folder above it; with several data sets, always the folder above. */
  readonly data?: string | undefined;
  /** Whether there is more than one data set. */
  readonly several?: boolean;
  readonly config: Config;
  readonly registry: Registry;
  /** Value of AACLIP_DATA. */
  readonly environment?: string | undefined;
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/**
 * The folder of a data set. `--data` takes precedence over AACLIP_DATA, which takes precedence over the configuration.
 * @throws one line with the places searched and the three ways to name the folder
 */
export function findRoot(dataset: string, options: RootOptions): string {
  const { data, several, config, registry, environment } = options;
  const known = own(registry.datasets, dataset);
  const folder = known?.folder ?? dataset;
  const tried: string[] = [];
  const take = (path: string, from: string): string | undefined => {
    if (isFolder(path)) return path;
    tried.push(`${path} (${from})`);
    return undefined;
  };
  if (data !== undefined) {
    const below = join(data, folder);
    if (several || (known && isFolder(below))) {
      const found = take(below, '--data');
      if (found !== undefined) return found;
    } else {
      const found = take(data, '--data');
      if (found !== undefined) return found;
    }
  } else {
    const configured = config.roots.get(dataset);
    const found =
      (environment ? take(join(environment, folder), DATA_VARIABLE) : undefined) ??
      (configured === undefined ? undefined : take(configured, config.file));
    if (found !== undefined) return found;
  }
  const looked = tried.length > 0 ? `looked for ${tried.join(' and ')}` : 'nothing says where it is';
  throw new Error(
    `data set ${dataset}: no folder: ${looked}: give --data DIR, set ${DATA_VARIABLE} to the folder that holds ${folder}, or write {"roots": {${JSON.stringify(dataset)}: "DIR"}} into ${config.file}`,
  );
}
