/** How kernels are cut into tiles, by what they multiply: data, so that a measurement changes a row and nothing else. */
import type { Gpu } from '../gpu/gpu.js';
import type { Knobs, Tiles } from '../gpu/shader.js';

/** The panel kernel: rows and vectors of sums that a subgroup holds, and threads of a workgroup. */
export interface PanelTile {
  readonly rows: number;
  readonly vectors: number;
  readonly workgroup: number;
}

/** The best tiles, by how a load gathers a vector of words and by the width of weights. */
const PANEL_TILES: Readonly<Record<'together' | 'apart', Readonly<Record<'f16' | 'f32', PanelTile>>>> = {
  // lavapipe 26.1: 16 x 32 sums, more than there are registers for, because they cost less than the loads they save.
  together: {
    f16: { rows: 16, vectors: 4, workgroup: 64 },
    f32: { rows: 16, vectors: 4, workgroup: 64 },
  },
  // lavapipe 25.0: a load is some eighty instructions, and code that exceeds the first cache undoes what more sums save.
  apart: {
    f16: { rows: 8, vectors: 4, workgroup: 64 },
    f32: { rows: 8, vectors: 3, workgroup: 64 },
  },
};

/** What tuning tries for the panel kernel: its rows and vectors of sums. A workgroup is only a bundle of subgroups. */
export const PANEL_CANDIDATES: readonly Knobs[] = [4, 6, 8, 12, 16].flatMap((TM) =>
  [2, 3, 4, 5].map((TN) => ({ TM, TN, WG: 64 })),
);

/** The key of the panel kernel's tile in `Tiles`. @param half two f16 values of b share a word */
export const panelKey = (half: boolean): string => `matmul.panel ${half ? 'f16' : 'f32'}`;

/** The tile of the panel kernel: the device's, or else the one for how it loads. @param half as in `panelKey` */
export function panelTile({ traits, tiles }: Pick<Gpu, 'traits' | 'tiles'>, half: boolean): PanelTile {
  const own = PANEL_TILES[traits.loadsGather ? 'together' : 'apart'][half ? 'f16' : 'f32'];
  const { TM = own.rows, TN = own.vectors, WG = own.workgroup } = tiles[panelKey(half)] ?? {};
  return { rows: Number(TM), vectors: Number(TN), workgroup: Number(WG) };
}

/** How the block kernel cuts a product: threads, blocks of 4 x 4 sums a thread, and steps along k. */
export interface BlockTile {
  readonly knobs: Readonly<Record<'TX' | 'TY' | 'RM' | 'RN' | 'BK', number>>;
  /** Rows and columns of c that a workgroup owns. */
  readonly rows: number;
  readonly columns: number;
  /** Bytes of workgroup memory, whatever is fused. */
  readonly bytes: number;
}

function tile(TX: number, TY: number, RM: number, RN: number, BK = 16): BlockTile {
  const [rowQuads, columnQuads] = [TY * RM, TX * RN];
  const staged = BK * (rowQuads + columnQuads + 2);
  const rows = 4 * rowQuads;
  const bytes = 16 * Math.max(staged, 2 * rowQuads * TX) + 8 * rows;
  return { knobs: { TX, TY, RM, RN, BK }, rows, columns: 4 * columnQuads, bytes };
}

/**
 * Largest first; each where enough workgroups remain to fill a device of about a hundred cores. Large tiles load each
 * value fewer times; small ones are taken for a few rows or a narrow result. Not measured on a GPU yet.
 */
export const BLOCK_TILES: readonly { readonly name: string; readonly outputs: number; readonly tile: BlockTile }[] = [
  { name: 'large', outputs: 128 * 128 * 192, tile: tile(16, 16, 2, 2) },
  // The largest within 16 KiB of workgroup memory, which is all that some adapters have.
  { name: 'medium', outputs: 64 * 128 * 192, tile: tile(16, 16, 1, 2) },
  { name: 'small', outputs: 64 * 64 * 64, tile: tile(16, 8, 2, 1) },
  { name: 'tiny', outputs: 0, tile: tile(8, 8, 1, 1, 32) },
];

/** What tuning tries for the block kernel, likeliest first. */
const BLOCK_CANDIDATES: readonly BlockTile[] = [
  tile(16, 16, 2, 2),
  tile(16, 16, 1, 2),
  tile(16, 16, 2, 1),
  tile(16, 8, 2, 2),
  tile(16, 8, 2, 1),
  tile(16, 16, 2, 2, 8),
  tile(8, 8, 2, 2),
  tile(16, 16, 1, 1),
  tile(8, 8, 2, 2, 32),
  tile(8, 8, 1, 1, 32),
];

/** Tiles of the block kernel that an adapter with so much workgroup memory can take. */
export const blockCandidates = (memory: number): readonly BlockTile[] =>
  BLOCK_CANDIDATES.filter((candidate) => candidate.bytes <= memory);

/** The key of the block kernel's tile in `Tiles`. @param name of a row of `BLOCK_TILES` */
export const blockKey = (name: string): string => `matmul.block ${name}`;

/**
 * @param memory bytes of workgroup memory the adapter has
 * @param outputs values of the product, all batches together
 * @param tiles those that were chosen for the device; the kernel's own by default
 */
export function blockTile(memory: number, outputs: number, tiles: Tiles = {}): BlockTile {
  const row = BLOCK_TILES.find((one) => outputs >= one.outputs);
  const chosen = row && tiles[blockKey(row.name)];
  if (chosen) {
    const { TX, TY, RM, RN, BK } = chosen as BlockTile['knobs'];
    return tile(TX, TY, RM, RN, BK);
  }
  const fitting = BLOCK_TILES.find((row) => outputs >= row.outputs && row.tile.bytes <= memory);
  return fitting?.tile ?? BLOCK_TILES.at(-1)!.tile;
}

/** Side of the square of sums a thread holds, largest first; large ones only where enough remain to fill a device. */
const SQUARES: readonly { readonly outputs: number; readonly side: number }[] = [
  { outputs: 128 * 128 * 96, side: 8 },
  { outputs: 0, side: 4 },
];

/** @param outputs values of the product, all batches together */
export const squareSide = (outputs: number): number => SQUARES.find((row) => outputs >= row.outputs)?.side ?? 4;
