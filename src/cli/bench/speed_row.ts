/** A row of the benchmarks of whole blocks, pictures and steps: its time, its work, and how near the ceilings it comes. */
import type { Gpu } from '../../gpu/gpu.js';
import type { ProfileRow } from '../../gpu/profile.js';
import type { Ceilings } from './ceilings.js';
import { type TimingPlan, timeCalls } from './row_timer.js';

export interface SpeedRow {
  readonly name: string;
  /** Median wall time of one call. */
  readonly ms: number;
  /** Operations that its kernels declare; 0 where the adapter cannot time kernels and none are given. */
  readonly gflop: number;
  readonly gflops: number;
  /** Per cent of the multiply-add ceiling, and of the ceiling of matrix units where there are any. */
  readonly ofMultiplyAdd: number;
  readonly ofMatrix: number | null;
  /** Most bytes of buffers while it ran, everything loaded included. */
  readonly peakMemory: number;
  readonly dispatches: number;
  readonly submits: number;
  /** Time by kernel, slowest first; empty where the adapter cannot time kernels. */
  readonly kernels: readonly ProfileRow[];
}

export interface RowWork {
  readonly name: string;
  /** Prepares `calls` calls, untimed, and returns the function that makes them. */
  readonly repeat: (calls: number) => () => void;
  /** Most calls that may be prepared at a time. */
  readonly most?: number;
}

/** Work that needs no preparation. */
export const simply =
  (work: () => void): RowWork['repeat'] =>
  (calls) =>
  () => {
    for (let i = 0; i < calls; i++) work();
  };

/** Runs a row's work once, which also compiles it, profiles it, and times it. */
export async function measureRow(gpu: Gpu, plan: TimingPlan, top: Ceilings, row: RowWork): Promise<SpeedRow> {
  row.repeat(1)();
  await gpu.idle();
  gpu.trim();
  gpu.pool.peak = gpu.pool.allocated;
  const prepared = row.repeat(1);
  await gpu.idle();
  const before = { dispatches: gpu.dispatches, submits: gpu.submits };
  prepared();
  gpu.flush();
  const dispatches = gpu.dispatches - before.dispatches;
  const submits = gpu.submits - before.submits;
  await gpu.idle();
  const peakMemory = gpu.pool.peak;
  const profiled = row.repeat(1);
  const kernels = gpu.profile.available ? await gpu.profile.run(profiled) : [];
  if (!gpu.profile.available) profiled();
  const flops = kernels.reduce((sum, k) => sum + k.flops, 0);
  const ms = await timeCalls(gpu, plan, row.repeat, row.most);
  const gflops = flops / ms / 1e6;
  return {
    name: row.name,
    ms,
    gflop: flops / 1e9,
    gflops,
    ofMultiplyAdd: (100 * gflops) / top.multiplyAddGflops,
    ofMatrix: top.matrixGflops === null ? null : (100 * gflops) / top.matrixGflops,
    peakMemory,
    dispatches,
    submits,
    kernels,
  };
}
