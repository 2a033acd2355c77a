/** Facts about an adapter that took time to find out, kept in the cache: one file an adapter and driver. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AdapterName } from '../kernels/known_tiles.js';
import { writeAtomically } from './atomic_write.js';
import { cacheFolder } from './cache_folder.js';
import { makeFolder } from './make_folder.js';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** The file of an adapter in a folder of the cache. Its name holds the driver, which drivers put into the description. */
export function adapterFile(part: string, { vendor, architecture, device, description }: AdapterName): string {
  const names = [vendor, architecture, device, description];
  const digest = createHash('sha256').update(JSON.stringify(names)).digest('hex').slice(0, 12);
  const readable = (device || description || vendor).replaceAll(/[^\w.-]+/g, '-').slice(0, 60);
  return join(cacheFolder(part), `${readable}-${digest}.json`);
}

/**
 * What is kept about an adapter, or undefined where there is nothing.
 * @param check returns the facts in their type, or throws what is wrong with them
 * @param onNote told in one line why a file is of no use
 */
export function readAdapterFile<T>(
  part: string,
  adapter: AdapterName,
  check: (facts: unknown) => T,
  onNote: (note: string) => void,
): T | undefined {
  const path = adapterFile(part, adapter);
  if (!existsSync(path)) return undefined;
  try {
    const file = JSON.parse(readFileSync(path, 'utf8')) as { version?: unknown; facts?: unknown } | null;
    if (file?.version !== version) throw new Error(`made by version ${file?.version} of aaclip, this is ${version}`);
    return check(file.facts);
  } catch (error) {
    const why = (error instanceof Error ? error.message : String(error)).split('\n')[0];
    onNote(`${path}: not used: ${why}`);
    return undefined;
  }
}

/**
 * Keeps facts about an adapter; the file is written whole or not at all.
 * @returns its path
 * @throws one line when the cache cannot be written to
 */
export async function writeAdapterFile(part: string, adapter: AdapterName, facts: unknown): Promise<string> {
  const path = adapterFile(part, adapter);
  const { vendor, architecture, device, description } = adapter;
  const folder = cacheFolder(part);
  makeFolder(folder);
  const file = { version, adapter: { vendor, architecture, device, description }, facts };
  await writeAtomically(path, new TextEncoder().encode(`${JSON.stringify(file, null, 1)}\n`));
  return path;
}
