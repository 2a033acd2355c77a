/** What a step of stage two takes on the device. */
import type { ClipConfig } from './config.js';
import { memoryPlan } from './memory.js';

export interface TrainingMemory {
  /** Weights in both layouts, forward and backward. */
  readonly weights: number;
  /** What the tape keeps for a batch. */
  readonly activations: number;
  /** Adapters with gradient and Adam's moments. */
  readonly adapters: number;
}

/** @param half matrices take two bytes a value */
export function trainingMemory(
  c: ClipConfig,
  imageSize: number,
  batch: number,
  adapted: number,
  half: boolean,
  checkpointing: boolean,
): TrainingMemory {
  const tokens = Math.floor(imageSize / c.patch) ** 2 + 1;
  const w = c.visionWidth;
  const row = 4 * tokens * w;
  // A block keeps: its input, the norm's statistics, qkv, attention's output, the sum, the hidden layer before and after
  // its activation; only its input where it runs again.
  const perBlock = row * (checkpointing ? 1 : 1 + 3 + 1 + 1 + 4);
  const once = checkpointing ? row * 14 : row * 6;
  const plan = memoryPlan(c, imageSize, half);
  const values = adapted * w * w + (c.levels.length + 1) * w * c.embed;
  return {
    weights: 2 * plan.vision,
    activations: batch * (c.visionLayers * perBlock + once + c.levels.length * 3 * row),
    adapters: 16 * values,
  };
}
