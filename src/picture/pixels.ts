/** RGB bytes on the device, and CLIP's normalisation. */
import type { Gpu } from '../gpu/gpu.js';
import type { Binding } from '../gpu/stream.js';
import { resident } from '../tensor/resident.js';
import { type Tensor, upload } from '../tensor/tensor.js';

/** Mean and standard deviation of R, G, B from 0 to 1. Keep the object: its table on the device lives as long as it. */
export interface PixelStatistics {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** The statistics of CLIP's training pictures, with which it normalises its input. */
export const CLIP_PIXELS: PixelStatistics = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
};

/** RGB bytes as words on the device, four bytes to a word; the last word is padded with zeros. */
export function uploadPixels(gpu: Gpu, rgb: Uint8Array): Tensor {
  const words = new Uint32Array(Math.ceil(rgb.length / 4));
  new Uint8Array(words.buffer).set(rgb);
  return upload(gpu, words, [words.length], 'packed');
}

/**
 * The 256 values of each channel, (v / 255 - mean) / std with every step rounded to float32, as torchvision does: computed
 * on the host, so that they are the same on every device. [3, 256]
 */
export function normalisedLevels(gpu: Gpu, statistics: PixelStatistics): Binding {
  return resident(gpu, statistics, () => {
    const f = Math.fround;
    const { mean, std } = statistics;
    return Float32Array.from({ length: 3 * 256 }, (_, i) => {
      const c = i >> 8;
      return f(f(f((i & 255) / 255) - f(mean[c]!)) / f(std[c]!));
    });
  });
}
