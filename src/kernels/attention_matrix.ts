/** Attention on matrix units: which tiles it is cut into, by the units' shape and the workgroup memory there is. */
import type { Gpu } from '../gpu/gpu.js';
import type { Knobs, Tiles } from '../gpu/shader.js';
import type { MatrixShape, Traits } from '../gpu/traits.js';
import { tidy } from '../tensor/tensor.js';
import {
  type AttentionBackwardRow,
  type AttentionRow,
  type AttentionShape,
  factsOfRows,
  forwardDispatch,
  gradientsByKeys,
} from './attention_job.js';
import { MOST_THREADS, matrixLanes } from './matrix_tiles.js';
import { matrixUnit } from './matrix_units.js';

/** A device, or an adapter whose own tiles are not known yet. */
type TilesOfDevice = Pick<Gpu, 'traits'> & { readonly tiles?: Tiles };

/** Subgroups of a workgroup, each with a block of rows, and rows of the other side that pass through at a time. */
interface Tile {
  readonly subgroups: number;
  readonly stream: number;
}

/** Best first. One subgroup also serves sequences that are no longer than its block. */
const FORWARD: readonly Tile[] = [
  { subgroups: 4, stream: 32 },
  { subgroups: 4, stream: 16 },
  { subgroups: 2, stream: 16 },
];

const BACKWARD: readonly Tile[] = [
  { subgroups: 4, stream: 16 },
  { subgroups: 4, stream: 32 },
  { subgroups: 2, stream: 16 },
  { subgroups: 2, stream: 32 },
  { subgroups: 1, stream: 32 },
];

/** A software adapter compiles every product into long code, and loops over them are unrolled: the fewer the better. */
const SOFTWARE: readonly Tile[] = [8, 16].map((stream) => ({ subgroups: 2, stream }));

/** Bytes of workgroup memory of attention.matrix.wgsl. */
function forwardBytes({ m }: MatrixShape, head: number, terms: number, { subgroups, stream }: Tile): number {
  const rows = subgroups * m;
  const plane = head / 8 + 1;
  const staged = 2 * terms * stream * plane + rows * (stream / 4 + 1) + rows * terms * (stream / 8 + 1);
  return 16 * Math.max(staged, rows * Math.max(terms * plane, head / 4 + 1));
}

/** Bytes of workgroup memory of attention_backward.matrix.wgsl, for the larger of its two forms. */
function backwardBytes({ m }: MatrixShape, head: number, terms: number, { subgroups, stream }: Tile): number {
  const rows = subgroups * m;
  const plane = head / 8 + 1;
  const staged = 2 * terms * stream * plane + rows * 2 * (stream / 4 + 1) + rows * 2 * terms * (stream / 8 + 1);
  return (
    16 * Math.max(staged, rows * Math.max(terms * plane, head / 4 + 1)) + 8 * stream + 16 * Math.ceil(subgroups / 4)
  );
}

/**
 * Whether lanes share rows of scores evenly, eight columns at a time, and products fit. WebGPU wants a workgroup with matrix
 * units to be a multiple of the widest subgroup.
 */
function fits(traits: Traits, unit: MatrixShape, { subgroups, stream }: Tile): boolean {
  const { m, n, k } = unit;
  const lanes = matrixLanes(traits, unit);
  const widest = traits.subgroupChoice?.[1] ?? lanes;
  const lanesARow = lanes / m;
  return (
    subgroups * lanes <= MOST_THREADS &&
    (subgroups * lanes) % widest === 0 &&
    lanesARow >= 1 &&
    stream % (8 * lanesARow) === 0 &&
    stream % n === 0 &&
    stream % k === 0
  );
}

/** A kernel's own choice, and what it needs. */
interface Cutting {
  /** Key of the device's choice in `Tiles`. */
  readonly key: string;
  readonly terms: 1 | 2;
  readonly best: readonly Tile[];
  bytes(unit: MatrixShape, head: number, terms: number, tile: Tile): number;
}

/** Whether heads of a width can be cut into a tile on an adapter. */
function runsTile(traits: Traits, { terms, bytes }: Cutting, head: number, tile: Tile): boolean {
  const unit = matrixUnit(traits);
  if (!unit || head % unit.k !== 0 || head % unit.n !== 0) return false;
  return fits(traits, unit, tile) && bytes(unit, head, terms, tile) <= traits.workgroupMemory;
}

/** The tile for a job, if one fits the units and workgroup memory: the device's, or else the first of the kernel's own. */
function tileOf(
  { traits, tiles = {} }: TilesOfDevice,
  { head, length }: Pick<AttentionShape, 'head' | 'length'>,
  cutting: Cutting,
): Tile | undefined {
  const runs = (tile: Tile): boolean => runsTile(traits, cutting, head, tile);
  const chosen = tiles[cutting.key] as unknown as Tile | undefined;
  const found = [...(chosen ? [chosen] : []), ...(traits.software ? SOFTWARE : cutting.best)].find(runs);
  if (!found) return undefined;
  const short = { ...found, subgroups: 1 };
  return length <= matrixUnit(traits)!.m && !traits.software && runs(short) ? short : found;
}

/** What `runsOn` assumes of a job it is not given. */
const ANY = { head: 64, length: 64 };

/** The knobs of a job on this adapter, and its workgroups. */
function cut(gpu: Gpu, job: AttentionShape, cutting: Cutting) {
  const tile = tileOf(gpu, job, cutting);
  if (!tile) throw new Error(`attention: heads of ${job.head}: no tile of the matrix kernel fits this adapter`);
  const unit = matrixUnit(gpu.traits)!;
  const [{ m, n, k }, SG] = [unit, matrixLanes(gpu.traits, unit)];
  const sizes = { WG: tile.subgroups * SG, SG, MM: m, MN: n, MK: k };
  return {
    knobs: { ...sizes, DH: job.head, BKV: tile.stream, TERMS: cutting.terms } satisfies Knobs,
    workgroups: [Math.ceil(job.length / (tile.subgroups * m)), job.heads, job.sequences] as const,
  };
}

/** Terms 2: f16 numbers are split in two, so that products have the accuracy of f32; 1: they are rounded. */
const TERMS = { 'matrix f16': 1, matrix: 2 } as const;
type Name = keyof typeof TERMS;

const forwardCutting = (name: Name): Cutting => ({
  ...{ key: `attention.${name}`, terms: TERMS[name], best: FORWARD, bytes: forwardBytes },
});

const backwardCutting = (name: Name): Cutting => ({
  ...{ key: `attention_backward.${name}`, terms: TERMS[name], best: BACKWARD, bytes: backwardBytes },
});

function forwardRow(name: Name): AttentionRow {
  const cutting = forwardCutting(name);
  return {
    name,
    coarse: cutting.terms === 1,
    runsOn: (traits, job) => tileOf({ traits }, job ?? ANY, cutting) !== undefined,
    dispatch: (gpu, job) =>
      gpu.dispatch({ ...forwardDispatch(job), kernel: 'attention.matrix', ...cut(gpu, job, cutting) }),
  };
}

function backwardRow(name: Name): AttentionBackwardRow {
  const cutting = backwardCutting(name);
  return {
    name,
    coarse: cutting.terms === 1,
    runsOn: (traits, job) => tileOf({ traits }, job ?? ANY, cutting) !== undefined,
    dispatch: (gpu, job) =>
      tidy(() => {
        const { knobs, workgroups } = cut(gpu, job, cutting);
        const facts = factsOfRows(gpu, job);
        for (const part of gradientsByKeys(job, facts)) {
          gpu.dispatch({
            ...part,
            kernel: 'attention_backward.matrix',
            knobs: { ...knobs, ...part.knobs },
            buffers: { ...part.buffers, peaks: facts.peaks },
            workgroups,
          });
        }
      }),
  };
}

export const matrixAttentionRounded = forwardRow('matrix f16');
export const matrixAttentionSplit = forwardRow('matrix');
export const matrixAttentionBackwardRounded = backwardRow('matrix f16');
export const matrixAttentionBackwardSplit = backwardRow('matrix');

/** What tuning tries for either kernel. */
const CANDIDATES: readonly Tile[] = [4, 2, 8, 1].flatMap((subgroups) =>
  [32, 16, 64].map((stream) => ({ subgroups, stream })),
);

/** The places where a device may choose a tile (`GpuOptions.tiles`), with what is worth a try there. */
export const matrixAttentionPlaces = (['matrix f16', 'matrix'] as const).flatMap((row) =>
  [
    { op: 'attention', cutting: forwardCutting(row) },
    { op: 'attention_backward', cutting: backwardCutting(row) },
  ].map(({ op, cutting }) => ({
    key: cutting.key,
    op,
    row,
    own: (traits: Traits): Knobs => ({
      ...(tileOf({ traits }, { head: 64, length: Infinity }, cutting) ?? FORWARD[0]!),
    }),
    candidates: (traits: Traits): readonly Knobs[] =>
      CANDIDATES.filter((tile) => runsTile(traits, cutting, 64, tile)).map((tile) => ({ ...tile })),
  })),
);
