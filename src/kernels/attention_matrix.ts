/** Attention on matrix units: which tiles it is cut into, by the units' shape and the workgroup memory there is. */
import type { Knobs } from '../gpu/shader.js';
import type { MatrixShape, Traits } from '../gpu/traits.js';
import { type AttentionRow, type AttentionShape, forwardDispatch } from './attention_job.js';
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

/** A software adapter compiles every product into long code, and loops over them are unrolled: the fewer the better. */
const SOFTWARE: readonly Tile[] = [8, 16].map((stream) => ({ subgroups: 2, stream }));

/** Bytes of workgroup memory of attention.matrix.wgsl. */
function forwardBytes({ m }: MatrixShape, head: number, terms: number, { subgroups, stream }: Tile): number {
  const rows = subgroups * m;
  const plane = head / 8 + 1;
  const staged = 2 * terms * stream * plane + rows * (stream / 4 + 1) + rows * terms * (stream / 8 + 1);
  return 16 * Math.max(staged, rows * Math.max(terms * plane, head / 4 + 1));
}

/** Whether lanes share rows of scores evenly, eight columns at a time, and products fit. */
function fits({ m, n, k }: MatrixShape, subgroupSize: number, { stream }: Tile): boolean {
  const lanesARow = subgroupSize / m;
  return lanesARow >= 1 && stream % (8 * lanesARow) === 0 && stream % n === 0 && stream % k === 0;
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
  const found = (traits.software ? SOFTWARE : best).find(
    (tile) => fits(unit, traits.subgroupSize, tile) && bytes(unit, head, terms, tile) <= traits.workgroupMemory,
  );
  return found && { unit, tile: length <= unit.m ? { ...found, subgroups: 1 } : found };
}

function knobsOf(
  traits: Traits,
  head: number,
  terms: number,
  { unit, tile }: { unit: MatrixShape; tile: Tile },
): Knobs {
  const { subgroupSize: lanes } = traits;
  const { m, n, k } = unit;
  return { WG: tile.subgroups * lanes, SG: lanes, MM: m, MN: n, MK: k, DH: head, BKV: tile.stream, TERMS: terms };
}

/** What `runsOn` assumes of a job it is not given. */
const ANY: Pick<AttentionShape, 'head' | 'length'> = { head: 64, length: 64 };

/** @param terms 2: f16 numbers are split in two, so that products have the accuracy of f32; 1: they are rounded */
function matrixAttention(name: string, terms: 1 | 2): AttentionRow {
  const tile = (traits: Traits, job: Pick<AttentionShape, 'head' | 'length'> = ANY) =>
    tileOf(traits, job, terms, FORWARD, forwardBytes);
  return {
    name,
    coarse: terms === 1,
    runsOn: (traits, job) => tile(traits, job) !== undefined,
    dispatch(gpu, job) {
      const knobs = knobsOf(gpu.traits, job.head, terms, tile(gpu.traits, job)!);
      const rows = (Number(knobs.WG) / Number(knobs.SG)) * Number(knobs.MM);
      gpu.dispatch({
        ...forwardDispatch(job),
        kernel: 'attention.matrix',
        knobs,
        workgroups: [Math.ceil(job.length / rows), job.heads, job.sequences],
      });
    },
  };
}

export const matrixAttentionRounded = matrixAttention('matrix f16', 1);
export const matrixAttentionSplit = matrixAttention('matrix', 2);
