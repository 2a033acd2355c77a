/** How the kernel on matrix units cuts a product: data, so that a measurement changes a row and nothing else. */
import type { Knobs, Tiles } from '../gpu/shader.js';
import type { MatrixShape, Traits } from '../gpu/traits.js';
import { matrixUnit } from './matrix_units.js';

/** A workgroup's part of a product. */
export interface MatrixTile {
  readonly rows: number;
  readonly columns: number;
  /** Subgroups of a workgroup, down and across. */
  readonly down: number;
  readonly across: number;
  /** Values of k that lie in workgroup memory at a time. */
  readonly depth: number;
  /** Matrices of b are loaded straight from a packed weight, where its sizes allow it. */
  readonly direct: boolean;
}

const tile = (rows: number, columns: number, down: number, across: number, depth = 16, direct = false): MatrixTile => ({
  ...{ rows, columns, down, across, depth, direct },
});

/**
 * The tiles of products by how many values they have, largest first: large tiles load each value fewer times, small ones
 * leave enough workgroups to fill a device of about a hundred cores. Not measured on a GPU yet.
 */
const SIZES = [
  { name: 'large', outputs: 1 << 23, tile: tile(128, 128, 2, 4) },
  { name: 'medium', outputs: 1 << 20, tile: tile(64, 128, 2, 4) },
  { name: 'small', outputs: 1 << 18, tile: tile(64, 64, 2, 2) },
  { name: 'tiny', outputs: 0, tile: tile(32, 32, 2, 2) },
] as const;

/** What tuning tries, likeliest first. */
const CANDIDATES: readonly MatrixTile[] = [
  [64, 128, 2, 4],
  [128, 128, 2, 4],
  [128, 128, 2, 2],
  [64, 128, 2, 2],
  [128, 64, 4, 2],
  [64, 64, 2, 2],
  [32, 128, 1, 4],
  [32, 64, 2, 2],
  [32, 32, 2, 2],
].flatMap(([rows, columns, down, across]) =>
  [16, 32].flatMap((depth) => [false, true].map((direct) => tile(rows!, columns!, down!, across!, depth, direct))),
);

/** Planes of f16 that a and b are split into. */
export type Terms = readonly [a: 1 | 2, b: 1 | 2];

/** What a tile is chosen for. */
export interface MatrixProduct {
  readonly m: number;
  readonly n: number;
  readonly batch?: number | undefined;
  readonly terms: Terms;
  /** Rows of b lie along n, as [N, K]. */
  readonly rowsAlongN: boolean;
}

/** Lanes of a subgroup in kernels on matrix units: Intel's units of 8 x 16 x 16 belong to subgroups of 16. */
export function matrixLanes({ subgroupSize, subgroupChoice }: Traits, { m, n }: MatrixShape): number {
  return subgroupChoice && m === 8 && n === 16 ? Math.max(16, subgroupChoice[0]) : subgroupSize;
}

/** The most invocations of a workgroup that every adapter allows. */
export const MOST_THREADS = 256;

/** Bytes of workgroup memory that the kernel declares for a tile, whatever is fused. */
export function matrixTileBytes(t: MatrixTile, shape: MatrixShape, terms: Terms, rowsAlongN: boolean): number {
  const row = t.depth / 8 + 1;
  const a = terms[0] * t.rows * row;
  const b = terms[1] * (rowsAlongN ? t.columns * row : t.depth * (t.columns / 8 + 1));
  const sums = t.down * shape.m * (t.columns / 4 + 1);
  return 16 * Math.max(a + b, sums) + 8 * t.rows;
}

/** Whether an adapter can run the kernel with a tile. */
export function runsTile(
  traits: Traits,
  t: MatrixTile,
  { terms, rowsAlongN }: Omit<MatrixProduct, 'm' | 'n'>,
): boolean {
  const shape = matrixUnit(traits);
  if (!shape) return false;
  const lanes = matrixLanes(traits, shape);
  const threads = t.down * t.across * lanes;
  const stepRows = threads / Math.min(lanes, t.columns / 4);
  return (
    t.rows % (t.down * shape.m) === 0 &&
    t.columns % (t.across * shape.n) === 0 &&
    t.depth % shape.k === 0 &&
    // All words a thread fetches of a lie at the same k: it keeps one word of a norm's weight.
    threads % (t.depth / 8) === 0 &&
    // The lanes of a row add up in pairs, and whole steps of rows make up what is staged.
    Number.isInteger(Math.log2(t.columns / 4)) &&
    (t.down * shape.m) % stepRows === 0 &&
    threads <= MOST_THREADS &&
    matrixTileBytes(t, shape, terms, rowsAlongN) <= traits.workgroupMemory
  );
}

/** The tile of a product of so many values where no other is named; undefined where none runs on the adapter. */
function ownTile(traits: Traits, outputs: number, product: Omit<MatrixProduct, 'm' | 'n'>): MatrixTile | undefined {
  return SIZES.find((row) => outputs >= row.outputs && runsTile(traits, row.tile, product))?.tile;
}

/** Whether the kernel runs on an adapter for a product, with the kernel's own tiles. */
export const hasMatrixTile = (traits: Traits, product: Omit<MatrixProduct, 'm' | 'n'>): boolean =>
  ownTile(traits, 0, product) !== undefined;

const keyOf = (row: string, size: string): string => `matmul.${row} ${size}`;

/**
 * The tile of a product on an adapter that has one for it.
 * @param row the kernel's name in the list
 * @throws when the device's own choice does not run on it; the message names the choice
 */
export function matrixTile(traits: Traits, tiles: Tiles, row: string, product: MatrixProduct): MatrixTile {
  const outputs = product.m * product.n * (product.batch ?? 1);
  const own = ownTile(traits, outputs, product)!;
  const key = keyOf(row, SIZES.find((size) => outputs >= size.outputs)!.name);
  const choice = tiles[key];
  if (!choice) return own;
  const chosen = { ...own, ...choice } as MatrixTile;
  if (runsTile(traits, chosen, product)) return chosen;
  throw new Error(`tiles: ${key}: ${JSON.stringify(choice)} does not run on this adapter: remove it, or tune again`);
}

/** The places where a device may choose a tile (`GpuOptions.tiles`), with what is worth a try there. */
export const matrixPlaces = (['matrix f16', 'matrix'] as const).flatMap((row) =>
  SIZES.map(({ name, outputs }) => {
    const terms: Terms = row === 'matrix' ? [2, 2] : [1, 1];
    const most = { terms, rowsAlongN: true };
    return {
      key: keyOf(row, name),
      op: 'matmul',
      row,
      own: (traits: Traits): Knobs => ({ ...(ownTile(traits, outputs, most) ?? SIZES.at(-1)!.tile) }),
      candidates: (traits: Traits): readonly Knobs[] =>
        CANDIDATES.filter((t) => runsTile(traits, t, most)).map((t) => ({ ...t })),
    };
  }),
);
