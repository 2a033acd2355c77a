/** Tiles that `aaclip bench tune` found for an adapter, in the cache. */
import type { Tiles } from '../gpu/shader.js';
import type { Traits } from '../gpu/traits.js';
import type { AdapterName } from '../kernels/known_tiles.js';
import { checkTiles } from '../kernels/tile_places.js';
import { readAdapterFile, writeAdapterFile } from './adapter_file.js';

const PART = 'tuning';

/**
 * The tiles kept for an adapter, or undefined where there are none of use.
 * @param onNote told in one line why a file is not used; `console.warn` by default
 */
export function readTiles(
  adapter: AdapterName,
  traits: Traits,
  onNote: (note: string) => void = console.warn,
): Tiles | undefined {
  return readAdapterFile(PART, adapter, (facts) => checkTiles(facts, traits), onNote);
}

/** Keeps tiles for an adapter, for later starts. @returns the file's path @throws one line when it cannot be written */
export function writeTiles(adapter: AdapterName, tiles: Tiles): Promise<string> {
  return writeAdapterFile(PART, adapter, tiles);
}
