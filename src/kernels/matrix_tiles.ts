/** How the kernel of matrix units cuts a product: data, so that a measurement changes a row and nothing else. */
import type { Knobs } from '../gpu/shader.js';
import type { MatrixShape, Traits } from '../gpu/traits.js';
import { matrixUnit } from './matrix_units.js';

/** Lanes of a subgroup in kernels on matrix units: Intel's units of 8 x 16 x 16 belong to subgroups of 16. */
export function matrixLanes({ subgroupSize, subgroupChoice }: Traits, { m, n }: MatrixShape): number {
  return subgroupChoice && m === 8 && n === 16 ? Math.max(16, subgroupChoice[0]) : subgroupSize;
}

/** A workgroup's part of a product. */
export interface MatrixTile {
  readonly rows: number;
  readonly columns: number;
  /** Subgroups of a workgroup, down and across. */
  readonly down: number;
  readonly across: number;
  /** Values of k that lie in workgroup memory at a time. */
  readonly depth: number;
  /** Load b's matrices straight from a packed weight, where its sizes allow it. */
  readonly direct?: boolean | undefined;
}

/**
 * Tiles worth trying, largest first. A tile is the default where a product has at least so many workgroups of it: larger
 * ones load each value fewer times, smaller ones keep more of the device busy. Not measured on a GPU yet.
 */
export const MATRIX_TILES: readonly (MatrixTile & { readonly workgroups: number })[] = [
  { workgroups: 512, rows: 128, columns: 128, down: 2, across: 4, depth: 16 },
  { workgroups: 128, rows: 64, columns: 128, down: 2, across: 4, depth: 16 },
  { workgroups: 64, rows: 64, columns: 64, down: 2, across: 2, depth: 16 },
  { workgroups: 0, rows: 32, columns: 32, down: 2, across: 2, depth: 16 },
];

/** What a tile is chosen for. */
export interface MatrixProduct {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly batch?: number | undefined;
  /** Planes of f16 that a and b are split into. */
  readonly terms: readonly [a: number, b: number];
  /** Rows of b lie along n, as [N, K]. */
  readonly rowsAlongN: boolean;
}

/** The most invocations of a workgroup that every adapter allows. */
const MOST_THREADS = 256;

/** Bytes of workgroup memory that a tile takes, as the kernel declares them. */
export function matrixTileBytes(t: MatrixTile, shape: MatrixShape, { terms, rowsAlongN }: MatrixProduct): number {
  const a = terms[0] * t.rows * (t.depth / 8 + 1);
  const b = terms[1] * (rowsAlongN ? t.columns * (t.depth / 8 + 1) : t.depth * (t.columns / 8 + 1));
  const sums = t.down * shape.m * (t.columns / 4 + 1);
  return 16 * Math.max(a + (t.direct ? 0 : b), sums) + 8 * t.rows;
}

/** Whether an adapter can run the kernel with a tile. */
function runs(traits: Traits, shape: MatrixShape, t: MatrixTile, product: MatrixProduct): boolean {
  const lanes = matrixLanes(traits, shape);
  const perRow = Math.min(lanes, t.columns / 4);
  return (
    t.rows % (t.down * shape.m) === 0 &&
    t.columns % (t.across * shape.n) === 0 &&
    t.depth % shape.k === 0 &&
    // The lanes of a row add up in pairs, and whole steps of rows make up what is staged.
    Number.isInteger(Math.log2(t.columns / 4)) &&
    (t.down * shape.m * perRow) % (t.down * t.across * lanes) === 0 &&
    t.down * t.across * lanes <= MOST_THREADS &&
    matrixTileBytes(t, shape, product) <= traits.workgroupMemory
  );
}

/**
 * The name under which tiles of a product are looked up in `GpuOptions.tiles`: the kernel and the product's sizes, with
 * M rounded up to a power of two. A row under the kernel's name alone serves all its products.
 */
export function matrixTileKey({ m, n, k, batch = 1 }: Pick<MatrixProduct, 'm' | 'n' | 'k' | 'batch'>): string {
  return `${KERNEL} ${2 ** Math.ceil(Math.log2(m * batch))}x${n}x${k}`;
}

export const KERNEL = 'matmul.matrix';

/** A tile as `GpuOptions.tiles` gives it. */
export function tileKnobs({ rows, columns, down, across, depth, direct = false }: MatrixTile): Knobs {
  return { rows, columns, down, across, depth, direct };
}

/**
 * The tile of a product: from the adapter's own table where it has a row for it, else by the number of workgroups.
 * @returns undefined where no tile runs
 * @throws when the table's row does not run on the adapter
 */
export function matrixTile(traits: Traits, product: MatrixProduct): MatrixTile | undefined {
  const shape = matrixUnit(traits);
  if (!shape) return undefined;
  const { m, n, batch = 1 } = product;
  const fitting = MATRIX_TILES.filter((t) => runs(traits, shape, t, product));
  const workgroups = (t: MatrixTile): number => batch * Math.ceil(m / t.rows) * Math.ceil(n / t.columns);
  const chosen = fitting.find((t) => workgroups(t) >= t.workgroups) ?? fitting.at(-1);
  const key = [matrixTileKey(product), KERNEL].find((name) => traits.tiles?.[name]);
  if (key === undefined || !chosen) return chosen;
  const own = { ...chosen, ...traits.tiles?.[key] } as MatrixTile;
  if (!runs(traits, shape, own, product)) {
    throw new Error(
      `tiles: "${key}" (${JSON.stringify(tileKnobs(own))}) does not run on this adapter: remove it or tune again`,
    );
  }
  return own;
}
