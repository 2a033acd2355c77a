/** The most memory that each job takes on the device. */
import type { Gpu } from '../../gpu/gpu.js';
import { BenchTower, type ModelChoice } from './bench_model.js';
import { forwardPass } from './forward_bench.js';
import { type StepOptions, stageOneStep, stageTwoStep } from './training_step.js';

export interface MemoryRow {
  readonly job: string;
  readonly batch: number;
  /** Bytes of buffers once the job's weights are loaded. */
  readonly loaded: number;
  /** Most bytes of buffers while it ran. */
  readonly peak: number;
}

export interface MemoryOptions extends ModelChoice {
  readonly imageSize: number;
  readonly batches: readonly number[];
}

/** Runs every job twice: buffers of the first run are free again when the second begins, as in a longer run. */
export async function benchMemory(
  gpu: Gpu,
  options: MemoryOptions,
  onRow: (row: MemoryRow) => void,
): Promise<MemoryRow[]> {
  const rows: MemoryRow[] = [];
  const put = async (job: string, batch: number, loaded: number, run: () => void): Promise<void> => {
    gpu.trim();
    gpu.pool.peak = gpu.pool.allocated;
    for (let i = 0; i < 2; i++) {
      run();
      await gpu.idle();
    }
    const row = { job, batch, loaded, peak: gpu.pool.peak };
    rows.push(row);
    onRow(row);
  };
  {
    using tower = await BenchTower.load(gpu, options);
    for (const batch of options.batches) {
      gpu.trim();
      const loaded = gpu.pool.allocated;
      using pass = forwardPass(gpu, tower, options.imageSize, batch);
      await put('forward', batch, loaded, () => pass.run());
    }
  }
  for (const batch of options.batches) {
    const step: StepOptions = { ...options, batch };
    for (const [job, open] of [
      ['stage one', () => stageOneStep(gpu, step)],
      ['stage two', () => stageTwoStep(gpu, step)],
      ['stage two, recompute', () => stageTwoStep(gpu, { ...step, recompute: true })],
    ] as const) {
      gpu.trim();
      using opened = await open();
      await gpu.idle();
      gpu.trim();
      await put(job, batch, gpu.pool.allocated, () => opened.run());
    }
  }
  return rows;
}
