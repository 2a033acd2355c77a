/** Attention on matrix units: which tiles it is cut into, by the units' shape and the workgroup memory there is. */
import type { Knobs } from '../gpu/shader.js';
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
import { matrixLanes } from './matrix_tiles.js';
import { matrixUnit } from './matrix_units.js';

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
    (subgroups * lanes) % widest === 0 &&
    lanesARow >= 1 &&
    stream % (8 * lanesARow) === 0 &&
    stream % n === 0 &&
    stream % k === 0
  );
}

/** The best tile for a job, if it fits the units and workgroup memory. */
function tileOf(
  traits: Traits,
  { head, length }: Pick<AttentionShape, 'head' | 'length'>,
  terms: number,
  best: readonly Tile[],
  bytes: typeof forwardBytes,
): { readonly unit: MatrixShape; readonly tile: Tile } | undefined {
  const unit = matrixUnit(traits);
  if (!unit || head % unit.k !== 0 || head % unit.n !== 0) return undefined;
  const runs = (tile: Tile) => fits(traits, unit, tile) && bytes(unit, head, terms, tile) <= traits.workgroupMemory;
  const found = (traits.software ? SOFTWARE : best).find(runs);
  if (!found) return undefined;
  const short = { ...found, subgroups: 1 };
  return { unit, tile: length <= unit.m && !traits.software && runs(short) ? short : found };
}

function knobsOf(
  traits: Traits,
  head: number,
  terms: number,
  { unit, tile }: { unit: MatrixShape; tile: Tile },
): Knobs {
  const lanes = matrixLanes(traits, unit);
  const { m, n, k } = unit;
  return { WG: tile.subgroups * lanes, SG: lanes, MM: m, MN: n, MK: k, DH: head, BKV: tile.stream, TERMS: terms };
}

/** What `runsOn` assumes of a job it is not given. */
const ANY = { head: 64, length: 64 };

/** The knobs of a job on this adapter, and its workgroups. */
function cut(traits: Traits, job: AttentionShape, terms: number, best: readonly Tile[], bytes: typeof forwardBytes) {
  const found = tileOf(traits, job, terms, best, bytes);
  if (!found) throw new Error(`attention: heads of ${job.head}: no tile of the matrix kernel fits this adapter`);
  const rows = found.tile.subgroups * found.unit.m;
  return {
    knobs: knobsOf(traits, job.head, terms, found),
    workgroups: [Math.ceil(job.length / rows), job.heads, job.sequences] as const,
  };
}

/** @param terms 2: f16 numbers are split in two, so that products have the accuracy of f32; 1: they are rounded */
const forwardRow = (name: string, terms: 1 | 2): AttentionRow => ({
  name,
  coarse: terms === 1,
  runsOn: (traits, job) => tileOf(traits, job ?? ANY, terms, FORWARD, forwardBytes) !== undefined,
  dispatch: (gpu, job) =>
    gpu.dispatch({
      ...forwardDispatch(job),
      kernel: 'attention.matrix',
      ...cut(gpu.traits, job, terms, FORWARD, forwardBytes),
    }),
});

const backwardRow = (name: string, terms: 1 | 2): AttentionBackwardRow => ({
  name,
  coarse: terms === 1,
  runsOn: (traits, job) => tileOf(traits, job ?? ANY, terms, BACKWARD, backwardBytes) !== undefined,
  dispatch: (gpu, job) =>
    tidy(() => {
      const { knobs, workgroups } = cut(gpu.traits, job, terms, BACKWARD, backwardBytes);
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
});

export const matrixAttentionRounded = forwardRow('matrix f16', 1);
export const matrixAttentionSplit = forwardRow('matrix', 2);
export const matrixAttentionBackwardRounded = backwardRow('matrix f16', 1);
export const matrixAttentionBackwardSplit = backwardRow('matrix', 2);
