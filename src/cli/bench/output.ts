/** What `aaclip bench` prints for a reader. */
import type { BenchRow, Ceilings } from './kernel_bench.js';
import type { TrainingBench, TrainingRow } from './training_bench.js';

/** Times and rates, with as many digits as are meaningful on slow and fast adapters. */
const figure = (v: number): string => (v === 0 ? '-' : v < 10 ? v.toFixed(2) : v.toFixed(1));

/** The line of a row, in columns. */
export function rowLine(row: BenchRow): string {
  const [ms, gflops, gbytes] = [row.ms, row.gflops, row.gbytes].map((v) => figure(v).padStart(8));
  const share = row.ofCeiling === null ? '' : ` ${row.ofCeiling.toFixed(1).padStart(6)} % of ${row.limit}`;
  return `${row.name.padEnd(62)} ${ms} ms ${gflops} GFLOP/s ${gbytes} GB/s${share}`;
}

export function ceilingsLine({ multiplyAddGflops, copyGbytes }: Ceilings): string {
  return `ceilings: ${multiplyAddGflops.toFixed(1)} GFLOP/s multiply-add, ${copyGbytes.toFixed(1)} GB/s copy`;
}

export function trainingLine(row: TrainingRow): string {
  const what = `gradients of ${row.gradients}${row.recompute ? ', recompute' : ''}`;
  const peak = (row.peakMemory / 2 ** 30).toFixed(2);
  return `${what}: ${row.secondsPerStep.toFixed(2)} s a step, ${row.stepsPerSecond.toFixed(3)} steps/s, peak ${peak} GiB`;
}

export function trainingSummary({ model, imageSize, batch, timeRatio, memoryRatio }: TrainingBench): string {
  const cost = `${timeRatio.toFixed(2)} times the time and ${memoryRatio.toFixed(2)} times the memory`;
  return `${model} at ${imageSize} px, batch ${batch}: all gradients take ${cost}`;
}
