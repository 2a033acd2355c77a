/** What a run will do and need, before it does it. */
import { totalmem } from 'node:os';
import type { Gpu } from '../../gpu/gpu.js';
import type { ClipConfig } from '../../model/config.js';
import { type TrainingMemory, trainingMemory } from '../../model/training_memory.js';
import type { TrainCommandFlags } from './flags.js';

export interface Plan {
  readonly classes: number;
  readonly normal: number;
  readonly abnormal: number;
  readonly textSteps: number;
  readonly imageSteps: number;
  readonly checkpointing: boolean;
  readonly memory: TrainingMemory;
}

/** Memory a device is taken to have where it does not say: WebGPU reports buffer limits only. */
const ASSUMED_GPU_BYTES = 8 * 2 ** 30;

/** Decides about checkpointing and sizes up the run. */
export function planRun(
  gpu: Gpu,
  config: ClipConfig,
  half: boolean,
  samples: readonly { readonly label: 0 | 1; readonly className: string }[],
  flags: TrainCommandFlags,
): Plan {
  const size = (checkpointing: boolean): TrainingMemory =>
    trainingMemory(config, flags.img_size, flags.image_batch_size, flags.image_adapt_until, half, checkpointing);
  const sum = (m: TrainingMemory): number => m.weights + m.activations + m.adapters;
  const room = 0.7 * (gpu.traits.software ? totalmem() : ASSUMED_GPU_BYTES);
  const checkpointing = flags.checkpointing === 'auto' ? sum(size(false)) > room : flags.checkpointing === 'on';
  return {
    classes: new Set(samples.map((s) => s.className)).size,
    normal: samples.filter((s) => s.label === 0).length,
    abnormal: samples.filter((s) => s.label === 1).length,
    textSteps: flags.text_epoch * Math.ceil(samples.length / flags.text_batch_size),
    imageSteps: flags.image_epoch * Math.ceil(samples.length / flags.image_batch_size),
    checkpointing,
    memory: size(checkpointing),
  };
}

export function describePlan(p: Plan): string {
  const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(2)} GiB`;
  const { weights, activations, adapters } = p.memory;
  return [
    `${p.classes} classes, ${p.normal} normal and ${p.abnormal} anomalous pictures`,
    `stage one ${p.textSteps} steps, stage two ${p.imageSteps} steps`,
    `stage two needs about ${gib(weights + activations + adapters)} on the device: weights ${gib(weights)}, activations ${gib(activations)} (checkpointing ${p.checkpointing ? 'on' : 'off'}), adapters with Adam ${gib(adapters)}`,
  ].join('\n');
}
