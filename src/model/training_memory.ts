/** The device memory that a step of stage two takes. */
import type { ClipConfig } from './config.js';
import { memoryPlan } from './memory.js';

export interface TrainingMemory {
  /** Bytes of the weights in both layouts, forward and backward. */
  readonly weights: number;
  /** Bytes the tape keeps for a batch. */
  readonly activations: number;
  /** Bytes of the adapters with their gradients and Adam's moments. */
  readonly adapters: number;
}

export interface TrainingSizes {
  /** Side of the prepared pictures, in pixels. */
  readonly imageSize: number;
  /** Pictures per step. */
  readonly batch: number;
  /** Image blocks with an adapter. */
  readonly adapted: number;
  /** Matrices take two bytes per value. */
  readonly half: boolean;
  /** Blocks run again for their gradients instead of keeping their activations. */
  readonly recompute: boolean;
}

/** Estimates the memory of a training step of stage two. */
export function trainingMemory(c: ClipConfig, sizes: TrainingSizes): TrainingMemory {
  const { imageSize, batch, adapted, half, recompute } = sizes;
  const tokens = Math.floor(imageSize / c.patch) ** 2 + 1;
  const w = c.visionWidth;
  const row = 4 * tokens * w;
  // A block keeps its input, the norm's statistics, qkv, attention's output, the sum, and the hidden layer before and
  // after its activation; a block that runs again keeps only its input.
  const perBlock = row * (recompute ? 1 : 1 + 3 + 1 + 1 + 4);
  const once = recompute ? row * 14 : row * 6;
  const plan = memoryPlan(c, imageSize, half);
  const values = adapted * w * w + (c.levels.length + 1) * w * c.embed;
  return {
    weights: 2 * plan.vision,
    activations: batch * (c.visionLayers * perBlock + once + c.levels.length * 3 * row),
    adapters: 16 * values,
  };
}
