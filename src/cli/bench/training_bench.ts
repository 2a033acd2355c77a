/** Steps of both stages; of stage two also with recomputation, and with gradients for every weight of the tower. */
import type { Gpu } from '../../gpu/gpu.js';
import { modelName } from './bench_model.js';
import type { Ceilings } from './ceilings.js';
import type { TimingPlan } from './row_timer.js';
import { measureRow, type SpeedRow, simply } from './speed_row.js';
import { type StepOptions, stageOneStep, stageTwoStep } from './training_step.js';

export interface TrainingRow extends SpeedRow {
  readonly stage: 'one' | 'two';
  readonly gradients: 'adapters' | 'all weights';
  /** Whether blocks ran again in the backward pass instead of keeping their activations. */
  readonly recompute: boolean;
  readonly secondsPerStep: number;
  readonly stepsPerSecond: number;
}

export interface TrainingBench {
  readonly model: string;
  readonly imageSize: number;
  readonly batch: number;
  readonly rows: readonly TrainingRow[];
  /** Time with gradients of all weights over time with gradients of the adapters. */
  readonly timeRatio: number;
  readonly memoryRatio: number;
}

const ROWS = [
  { stage: 'one', gradients: 'adapters', recompute: false },
  { stage: 'two', gradients: 'adapters', recompute: false },
  { stage: 'two', gradients: 'adapters', recompute: true },
  { stage: 'two', gradients: 'all weights', recompute: false },
] as const;

/** Measures the rows; weights are synthetic. */
export async function benchTraining(
  gpu: Gpu,
  plan: TimingPlan,
  top: Ceilings,
  options: StepOptions,
  onRow: (row: TrainingRow) => void,
): Promise<TrainingBench> {
  const rows: TrainingRow[] = [];
  for (const kind of ROWS) {
    const { stage, gradients, recompute } = kind;
    const open = stage === 'one' ? stageOneStep : stageTwoStep;
    using step = await open(gpu, { ...options, recompute, all: gradients === 'all weights' });
    const name = `step of stage ${stage}, gradients of ${gradients}${recompute ? ', recompute' : ''}`;
    // A step reads what the one before it wrote: they run one after the other, never prepared together.
    const measured = await measureRow(gpu, plan, top, { name, repeat: simply(() => step.run()), most: 8 });
    const seconds = measured.ms / 1000;
    const row = { ...kind, ...measured, secondsPerStep: seconds, stepsPerSecond: 1 / seconds };
    rows.push(row);
    onRow(row);
  }
  const frozen = rows.find((r) => r.stage === 'two' && r.gradients === 'adapters' && !r.recompute)!;
  const all = rows.find((r) => r.gradients === 'all weights')!;
  return {
    model: modelName(options),
    imageSize: options.imageSize,
    batch: options.batch,
    rows,
    timeRatio: all.secondsPerStep / frozen.secondsPerStep,
    memoryRatio: all.peakMemory / frozen.peakMemory,
  };
}
