/** What `aaclip bench` prints for a reader. */

import { tableLines } from '../../eval/text_table.js';
import type { ProfileRow } from '../../gpu/profile.js';
import type { AdapterName } from '../../kernels/known_tiles.js';
import type { Ceilings } from './ceilings.js';
import type { Try } from './descent.js';
import type { GrowthFit, GrowthPoint } from './growth_bench.js';
import type { BenchRow } from './kernel_bench.js';
import type { MemoryRow } from './memory_bench.js';
import type { PrecisionReport } from './precision_bench.js';
import type { ReferenceRow } from './reference_bench.js';
import type { SpeedRow } from './speed_row.js';
import type { StartRow } from './start_bench.js';
import type { TrainingBench, TrainingRow } from './training_bench.js';
import type { TuneReport } from './tune_bench.js';

/** Times and rates, with as many digits as are meaningful on slow and fast adapters. */
export const figure = (v: number): string => (v === 0 ? '-' : v < 10 ? v.toFixed(2) : v.toFixed(1));

const amount = (bytes: number): string =>
  bytes < 2 ** 30 ? `${(bytes / 2 ** 20).toFixed(1)} MiB` : `${(bytes / 2 ** 30).toFixed(2)} GiB`;
const per = (share: number): string => `${share.toFixed(1)} %`;

/** The line of a row, in columns. */
export function rowLine(row: BenchRow): string {
  const [ms, gflops, gbytes] = [row.ms, row.gflops, row.gbytes].map((v) => figure(v).padStart(8));
  const share = row.ofCeiling === null ? '' : ` ${row.ofCeiling.toFixed(1).padStart(6)} % of ${row.limit}`;
  return `${row.name.padEnd(62)} ${ms} ms ${gflops} GFLOP/s ${gbytes} GB/s${share}`;
}

export function ceilingsLine(top: Ceilings): string {
  const { multiplyAddGflops, copyGbytes, matrixGflops } = top;
  const matrix = matrixGflops === null ? '' : `, ${matrixGflops.toFixed(1)} GFLOP/s on matrix units`;
  return `ceilings: ${multiplyAddGflops.toFixed(1)} GFLOP/s multiply-add, ${copyGbytes.toFixed(1)} GB/s copy${matrix}; ${figure(top.dispatchMicroseconds)} us a dispatch, ${figure(top.readMilliseconds)} ms a read`;
}

/** A block, picture or step: time, rate, shares of the ceilings, memory, dispatches. */
export function speedLine(row: SpeedRow): string {
  const rate =
    row.gflop === 0
      ? ''
      : ` ${figure(row.gflops).padStart(8)} GFLOP/s ${per(row.ofMultiplyAdd).padStart(8)} of multiply-add`;
  const matrix = row.ofMatrix === null ? '' : ` ${per(row.ofMatrix).padStart(7)} of matrix units`;
  const rest = `${amount(row.peakMemory)}, ${row.dispatches} dispatches, ${row.submits} submits`;
  return `${row.name.padEnd(54)} ${figure(row.ms).padStart(8)} ms${rate}${matrix}  ${rest}`;
}

/** Where the time went, by kernel; at most twelve. */
export function profileLines(kernels: readonly ProfileRow[]): string[] {
  if (kernels.length === 0) return [];
  const total = kernels.reduce((sum, k) => sum + k.ms, 0);
  const rows = kernels
    .slice(0, 12)
    .map((k) => [k.label, String(k.calls), k.ms.toFixed(2), per((100 * k.ms) / total), figure(k.flops / k.ms / 1e6)]);
  return ['', ...tableLines(['kernel', 'calls', 'ms', 'share', 'GFLOP/s'], rows, ['left', 'right'])];
}

export function trainingLine(row: TrainingRow): string {
  const what = `stage ${row.stage}, gradients of ${row.gradients}${row.recompute ? ', recompute' : ''}`;
  const rate = row.gflop === 0 ? '' : `, ${per(row.ofMultiplyAdd)} of multiply-add`;
  return `${what}: ${figure(row.secondsPerStep)} s a step, ${row.stepsPerSecond.toFixed(3)} steps/s, peak ${amount(row.peakMemory)}${rate}`;
}

export function trainingSummary({ model, imageSize, batch, timeRatio, memoryRatio }: TrainingBench): string {
  const cost = `${timeRatio.toFixed(2)} times the time and ${memoryRatio.toFixed(2)} times the memory`;
  return `${model} at ${imageSize} px, batch ${batch}: all gradients take ${cost}`;
}

export function memoryLine({ job, batch, loaded, peak }: MemoryRow): string {
  return `${job}, batch ${batch}: ${amount(loaded)} loaded, peak ${amount(peak)}`;
}

export function referenceLine(row: ReferenceRow): string {
  const times = `${figure(row.without.ms)} ms without, ${figure(row.with.ms)} ms with: ${row.ratio.toFixed(3)} times`;
  const host = `${row.cpuRatio.toFixed(3)} times the processor's time`;
  const memory = `references ${amount(row.referenceBytes)}, beyond them ${amount(row.beyondBytes)}`;
  return `${row.name}: ${times} (${host}); ${memory}`;
}

export function growthLine({ job, batch, tokens, ms, peakMemory }: GrowthPoint): string {
  return `${job.padEnd(8)} batch ${String(batch).padStart(2)}, ${String(tokens).padStart(5)} tokens: ${figure(ms).padStart(8)} ms, peak ${amount(peakMemory)}`;
}

export function fitLine({ job, along, time, memory }: GrowthFit): string {
  const unit = along === 'batch' ? 'picture' : 'token';
  const mib = memory.slope / 2 ** 20;
  const r = `R² ${time.r2.toFixed(3)} and ${memory.r2.toFixed(3)}`;
  return `${job} along ${along}: ${figure(time.intercept)} ms + ${time.slope.toPrecision(3)} ms a ${unit}, ${mib.toPrecision(3)} MiB a ${unit}; ${r}`;
}

export function startLine(row: StartRow): string {
  const parts = `program ${row.import.toFixed(0)}, device ${row.device.toFixed(0)}, model ${row.load.toFixed(0)}, picture ${row.picture.toFixed(0)}`;
  return `${row.name.padEnd(30)} ${row.total.toFixed(0).padStart(7)} ms to the first score: ${parts}`;
}

export function precisionLine({ error, blockMs }: PrecisionReport): string {
  return `f16 is off by ${error.toExponential(1)} (L2), and a block takes ${(blockMs.f16 / blockMs.f32).toFixed(2)} times as long as in f32`;
}

export function tryLine({ key, knobs, time, problem }: Try): string {
  const tile = Object.entries(knobs).map(([name, value]) => `${name}=${value}`);
  return `${key.padEnd(24)} ${tile.join(',').padEnd(40)} ${time === null ? problem : `${time.toFixed(3)} of the time at the start`}`;
}

/** The row for `src/kernels/known_tiles.ts`. */
export function tunedLines({ tiles, gain, places }: TuneReport, { device, description }: AdapterName): string[] {
  if (places.length === 0) return ['no kernel that this adapter takes has a choice of tiles'];
  const share = gain === null ? '' : `${gain.toFixed(3)} of the time at the start; `;
  return [
    `${share}the row for src/kernels/known_tiles.ts:`,
    `{ adapter: { device: '${device || description}' }, tiles: ${JSON.stringify(tiles)} },`,
  ];
}
