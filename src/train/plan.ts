/** What a training run will do and need, before it starts. */
import type { Traits } from '../gpu/traits.js';
import { type PlannedRun, type TrainingMemory, trainingMemory } from './training_memory.js';

export interface Plan {
  readonly classes: number;
  readonly normal: number;
  readonly abnormal: number;
  /** Steps of a whole run of each stage. */
  readonly textSteps: number;
  readonly imageSteps: number;
  /** Whether blocks run again for their gradients. */
  readonly recompute: boolean;
  readonly memory: TrainingMemory;
  /** Bytes of buffers that the run may have. */
  readonly memoryLimit: number;
}

export interface PlanOptions {
  /** The `recompute` of its flags is ignored: the plan decides. */
  readonly run: PlannedRun;
  readonly samples: readonly { readonly label: 0 | 1; readonly className: string }[];
  /** `auto` turns recomputing on where stage two would exceed the limit otherwise. */
  readonly recompute: 'auto' | 'on' | 'off';
  /** Bytes of buffers that the run may have (`defaultMemoryLimit`). */
  readonly memoryLimit: number;
}

/** Assumed memory of a device where it is unknown: WebGPU only reports buffer limits. */
const ASSUMED_BYTES = 8 * 2 ** 30;
/** Share of the device's memory that buffers may fill. */
const USABLE = 0.7;

/**
 * Bytes of buffers that a run may have unless the user says otherwise: 0.7 of the host's memory on a software adapter, 0.7 of
 * 8 GiB on others, since WebGPU does not tell how much memory an adapter has.
 * @param hostBytes memory of the host, where it is known
 */
export function defaultMemoryLimit({ software }: Pick<Traits, 'software'>, hostBytes: number | undefined): number {
  return USABLE * ((software ? hostBytes : undefined) ?? ASSUMED_BYTES);
}

/**
 * Counts what a run needs and decides whether it recomputes. No weights are read.
 * @throws when the adapter's limits do not allow a step of either stage
 */
export async function planRun({ run, samples, recompute, memoryLimit }: PlanOptions): Promise<Plan> {
  const { imageBatch, textBatch, imageEpochs, textEpochs } = run.flags;
  const memoryWith = (again: boolean) => trainingMemory({ ...run, flags: { ...run.flags, recompute: again } });
  let again = recompute === 'on';
  let memory = await memoryWith(again);
  if (recompute === 'auto' && (memory.image?.peak ?? 0) > memoryLimit) {
    again = true;
    memory = await memoryWith(true);
  }
  return {
    classes: new Set(samples.map((s) => s.className)).size,
    normal: samples.filter((s) => s.label === 0).length,
    abnormal: samples.filter((s) => s.label === 1).length,
    textSteps: textEpochs * Math.ceil(samples.length / textBatch),
    imageSteps: imageEpochs * Math.ceil(samples.length / imageBatch),
    recompute: again,
    memory,
    memoryLimit,
  };
}

/** One line with the remedy where a plan needs more memory than its limit; undefined where it does not. */
export function overLimit({ memory, memoryLimit, recompute }: Plan): string | undefined {
  const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  const { text, image } = memory;
  const [stage, { peak }] =
    (text?.peak ?? 0) > (image?.peak ?? 0) ? ['text', text!] : (['image', image ?? { peak: 0 }] as const);
  if (peak <= memoryLimit) return undefined;
  const again = stage === 'image' && !recompute ? 'recompute, ' : '';
  return `the ${stage} stage needs ${gib(peak)} of buffers, over the limit of ${gib(memoryLimit)}: ${again}use smaller batches or pictures, or raise the limit`;
}
