/** Tiles measured on known adapters. A row is added from what `aaclip bench tune` prints; nothing else changes. */
import type { Tiles } from '../gpu/shader.js';

/** How an adapter describes itself; `architecture` is empty on some, so rows may go by the device's name as well. */
export interface AdapterName {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
}

export interface KnownTiles {
  /** Parts of the adapter's own words, in any case; all that are given must be found. */
  readonly adapter: Partial<AdapterName>;
  readonly tiles: Tiles;
}

/** The first row that fits counts, so rows of one device stand above those of a vendor. */
const KNOWN_TILES: readonly KnownTiles[] = [
  {
    // Two cores with AVX2; the panel kernel alone was timed.
    adapter: { architecture: 'software', description: 'Mesa 25.0' },
    tiles: { 'matmul.panel f16': { TM: 8, TN: 4, WG: 64 }, 'matmul.panel f32': { TM: 8, TN: 3, WG: 64 } },
  },
];

/** The tiles of an adapter's row; none where no row fits. */
export function knownTiles(name: AdapterName, rows: readonly KnownTiles[] = KNOWN_TILES): Tiles {
  const fits = ({ adapter }: KnownTiles): boolean =>
    Object.entries(adapter).every(([field, part]) =>
      name[field as keyof AdapterName].toLowerCase().includes(part.toLowerCase()),
    );
  return rows.find(fits)?.tiles ?? {};
}
