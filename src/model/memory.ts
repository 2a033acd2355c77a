/** How much memory a model takes on the device. */
import type { ClipConfig } from './config.js';

export interface MemoryPlan {
  /** Bytes of the image tower's weights. */
  readonly vision: number;
  /** Bytes of the text tower's weights without its token table, which stays on the host. */
  readonly text: number;
  /** Bytes of activations for one picture, at the widest point of a block. */
  readonly perImage: number;
}

/**
 * Estimates the memory of inference.
 * @param half matrices take two bytes per value: stored as f16, or rounded to it
 */
export function memoryPlan(c: ClipConfig, imageSize: number, half: boolean): MemoryPlan {
  const wide = half ? 2 : 4;
  const tower = (width: number, layers: number): number => layers * (12 * width * width * wide + 13 * width * 4);
  const tokens = Math.floor(imageSize / c.patch) ** 2 + 1;
  const w = c.visionWidth;
  // A block holds its input, the sum after attention, a norm and the hidden layer; levels keep their tokens.
  const perToken = 4 * w * (1 + 1 + 1 + 4 + 1 + c.levels.length);
  return {
    vision: tower(w, c.visionLayers) + (3 * c.patch ** 2 * w + w * c.embed) * wide + tokens * w * 4,
    text: tower(c.textWidth, c.textLayers) + c.textWidth * c.embed * wide + c.context * c.textWidth * 4,
    perImage: tokens * perToken + 4 * imageSize * imageSize * 5,
  };
}
