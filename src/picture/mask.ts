/** Ground-truth masks: luminance, resize and the "not zero" rule, each as Pillow computes it. */
import { resizeOnHost } from './host_resize.js';
import type { Mask, MaskResize, Picture } from './picture.js';

/**
 * Luminance of an RGB picture, ITU-R 601 in 16-bit fixed point, as Pillow's `convert('L')`. Exact for palette files too
 * (Pillow takes the luminance of the palette's colours) and the identity on grey ones.
 */
export function toMask(picture: Picture): Mask {
  const { width, height, data } = picture;
  const out = new Uint8Array(width * height);
  for (let i = 0, p = 0; i < out.length; i++, p += 3) {
    out[i] = (data[p]! * 19595 + data[p + 1]! * 38470 + data[p + 2]! * 7471 + 0x8000) >> 16;
  }
  return { width, height, data: out };
}

/**
 * Input index of each output sample of a nearest resize, -1 where there is none: floor((i + 0.5) * scale), reached the
 * way Pillow does, by adding the scale up in float64, since the rounding of that sum decides at ties.
 */
export function nearestIndices(inSize: number, outSize: number): Int32Array {
  const out = new Int32Array(outSize);
  const scale = inSize / outSize;
  let at = scale * 0.5;
  for (let i = 0; i < outSize; i++, at += scale) out[i] = at < inSize ? Math.floor(at) : -1;
  return out;
}

/**
 * Resizes a mask and marks what counts as faulty, 1 or 0; [height, width] bytes.
 * @param threshold level from which a pixel of the mask counts; 1, the published rule, counts everything that is not 0
 * @param resize `nearest`: the nearest pixel decides (AA-CLIP); `bilinear`: the marked mask is resized as a picture, and more
 * than half of a pixel has to be faulty (APRIL-GAN, AnomalyCLIP)
 */
export function prepareMask(
  mask: Mask,
  width: number,
  height: number,
  threshold = 1,
  resize: MaskResize = 'nearest',
): Uint8Array {
  return resize === 'bilinear'
    ? smoothMask(mask, width, height, threshold)
    : nearestMask(mask, width, height, threshold);
}

function nearestMask(mask: Mask, width: number, height: number, threshold: number): Uint8Array {
  const out = new Uint8Array(width * height);
  const columns = nearestIndices(mask.width, width);
  const rows = nearestIndices(mask.height, height);
  for (let y = 0; y < height; y++) {
    const row = rows[y]!;
    for (let x = 0; x < width; x++) {
      const column = columns[x]!;
      if (row >= 0 && column >= 0 && mask.data[row * mask.width + column]! >= threshold) out[y * width + x] = 1;
    }
  }
  return out;
}

function smoothMask(mask: Mask, width: number, height: number, threshold: number): Uint8Array {
  const data = new Uint8Array(3 * mask.data.length);
  for (let i = 0; i < mask.data.length; i++) if (mask.data[i]! >= threshold) data.fill(255, 3 * i, 3 * i + 3);
  const resized = resizeOnHost({ width: mask.width, height: mask.height, data }, width, height, 'bilinear');
  // Of 255, 127 is less than half.
  return Uint8Array.from({ length: width * height }, (_, i) => Number(resized[3 * i]! > 127));
}
