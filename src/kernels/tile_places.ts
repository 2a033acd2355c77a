/** The places where a kernel's tile can be chosen for a device: what `aaclip bench tune` goes through. */
import type { Knobs, Tiles } from '../gpu/shader.js';
import type { Traits } from '../gpu/traits.js';
import { matrixAttentionPlaces } from './attention_matrix.js';
import { streamPlaces } from './attention_tiles.js';
import { matrixPlaces } from './matrix_tiles.js';
import { BLOCK_TILES, blockCandidates, blockKey, blockTile, PANEL_CANDIDATES, panelKey, panelTile } from './tuning.js';

export interface TilePlace {
  /** Its key in `GpuOptions.tiles`: the kernel, and which of its tiles. */
  readonly key: string;
  /** The op whose list of kernels has the row, and the row's name: only the tiles of chosen kernels are worth tuning. */
  readonly op: string;
  readonly row: string;
  /** The weights whose products use it, where not all do. */
  readonly weights?: 'f16' | 'f32';
  /** The tile in use where `tiles` does not name one. */
  own(traits: Traits): Knobs;
  /** Every tile worth a try; a tile is one of them, or the kernel's own. */
  candidates(traits: Traits): readonly Knobs[];
}

const panelPlace = (half: boolean): TilePlace => ({
  key: panelKey(half),
  op: 'matmul',
  row: 'panel',
  weights: half ? 'f16' : 'f32',
  own(traits) {
    const { rows, vectors, workgroup } = panelTile({ traits, tiles: {} }, half);
    return { TM: rows, TN: vectors, WG: workgroup };
  },
  candidates: () => PANEL_CANDIDATES,
});

const blockPlaces = BLOCK_TILES.map(
  ({ name, outputs }): TilePlace => ({
    key: blockKey(name),
    op: 'matmul',
    row: 'block',
    own: ({ workgroupMemory }) => blockTile(workgroupMemory, outputs).knobs,
    candidates: ({ workgroupMemory }) => blockCandidates(workgroupMemory).map(({ knobs }) => knobs),
  }),
);

export const tilePlaces: readonly TilePlace[] = [
  panelPlace(true),
  panelPlace(false),
  ...blockPlaces,
  ...matrixPlaces,
  ...streamPlaces,
  ...matrixAttentionPlaces,
];

/** Whether two sets of knobs have the same names and values. */
export function sameKnobs(a: Knobs, b: Knobs): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}

/**
 * Tiles that come from outside, checked: each for a known place, and one that may be tried there.
 * @throws one line that names the place and what is wrong
 */
export function checkTiles(tiles: unknown, traits: Traits): Tiles {
  if (typeof tiles !== 'object' || tiles === null || Array.isArray(tiles)) throw new Error('tiles: expected an object');
  for (const [key, knobs] of Object.entries(tiles)) {
    const place = tilePlaces.find((p) => p.key === key);
    if (!place) throw new Error(`tiles: no place "${key}": expected one of ${tilePlaces.map((p) => p.key).join(', ')}`);
    const known = [place.own(traits), ...place.candidates(traits)];
    if (typeof knobs !== 'object' || knobs === null || !known.some((c) => sameKnobs(c, knobs as Knobs))) {
      throw new Error(`tiles: ${key}: ${JSON.stringify(knobs)} is none of its ${known.length} tiles`);
    }
  }
  return tiles as Tiles;
}
