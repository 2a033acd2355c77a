/** What a training run will do and need, before it starts. */
import type { ClipConfig } from '../model/config.js';
import { type TrainingMemory, trainingMemory } from '../model/training_memory.js';
import type { TrainFlags } from './training_run.js';

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
}

export interface PlanOptions {
  readonly config: ClipConfig;
  readonly samples: readonly { readonly label: 0 | 1; readonly className: string }[];
  /** Their `recompute` is ignored: the plan decides. */
  readonly flags: TrainFlags;
  /** `auto` turns recomputing on where the activations would not fit otherwise. */
  readonly recompute: 'auto' | 'on' | 'off';
  /** Matrices take two bytes per value. */
  readonly half: boolean;
  /** Memory of the device in bytes, where it is known: the host's memory for a software adapter. */
  readonly deviceBytes: number | undefined;
}

/** Assumed memory of a device where it is unknown: WebGPU only reports buffer limits. */
const ASSUMED_BYTES = 8 * 2 ** 30;
/** Share of the device's memory that training may fill before it recomputes. */
const USABLE = 0.7;

/** Estimates what a run needs and decides whether it recomputes. */
export function planRun({ config, samples, flags, recompute, half, deviceBytes }: PlanOptions): Plan {
  const { imageSize, imageBatch, textBatch, imageEpochs, textEpochs, shape } = flags;
  const size = (again: boolean): TrainingMemory =>
    trainingMemory(config, {
      imageSize,
      batch: imageBatch,
      adapted: shape.imageUntil,
      half,
      recompute: again,
    });
  const whole = size(false);
  const room = USABLE * (deviceBytes ?? ASSUMED_BYTES);
  const again = recompute === 'auto' ? whole.weights + whole.activations + whole.adapters > room : recompute === 'on';
  return {
    classes: new Set(samples.map((s) => s.className)).size,
    normal: samples.filter((s) => s.label === 0).length,
    abnormal: samples.filter((s) => s.label === 1).length,
    textSteps: textEpochs * Math.ceil(samples.length / textBatch),
    imageSteps: imageEpochs * Math.ceil(samples.length / imageBatch),
    recompute: again,
    memory: size(again),
  };
}
