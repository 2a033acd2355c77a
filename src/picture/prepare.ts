/** From 8-bit pixels to the image tower's input: CLIP's normalisation in float32, on the CPU. */
import type { Picture } from './picture.js';
import { resizePicture } from './resize_table.js';

/** Mean of R, G, B over CLIP's training pictures, on a scale of 0 to 1. */
export const CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073] as const;
/** Standard deviation of R, G, B, on the same scale. */
export const CLIP_STD = [0.26862954, 0.26130258, 0.27577711] as const;

/** The 256 values a channel can take: (v / 255 - mean) / std with every step rounded to float32, as torchvision does. */
function channelTable(mean: number, std: number): Float32Array {
  const f = Math.fround;
  return Float32Array.from({ length: 256 }, (_, v) => f(f(f(v / 255) - f(mean)) / f(std)));
}

/**
 * Normalises RGB bytes [height, width, 3] to float32 planes [3, height, width].
 * @throws when `rgb` is not height * width * 3 bytes
 */
export function normalizePixels(rgb: Uint8Array, width: number, height: number): Float32Array {
  const plane = width * height;
  if (rgb.length !== plane * 3) {
    throw new Error(
      `normalizePixels: wrong size: expected ${height}x${width}x3 = ${plane * 3} bytes, got ${rgb.length}`,
    );
  }
  const out = new Float32Array(plane * 3);
  for (let c = 0; c < 3; c++) {
    const table = channelTable(CLIP_MEAN[c]!, CLIP_STD[c]!);
    for (let i = 0; i < plane; i++) out[c * plane + i] = table[rgb[i * 3 + c]!]!;
  }
  return out;
}

/** Squashes a picture to size x size (bicubic) and normalises it: [3, size, size]. */
export function preparePicture(picture: Picture, size: number): Float32Array {
  return normalizePixels(resizePicture(picture, size, size), size, size);
}
