/** A picture as a canvas takes it. */
import { resizeOnHost } from '../picture/host_resize.js';
import type { Picture } from '../picture/picture.js';
import type { ScoreReport } from './engine_messages.js';

/** The longest side that a page shows. */
const MOST = 1280;

/** RGBA bytes of a picture; its longer side is at most 1280 pixels. */
export function previewOf(picture: Picture): ScoreReport['preview'] {
  const fit = Math.min(1, MOST / Math.max(picture.width, picture.height));
  const side = (length: number): number => Math.max(1, Math.round(length * fit));
  const [width, height] = [side(picture.width), side(picture.height)];
  const rgb = fit === 1 ? picture.data : resizeOnHost(picture, width, height);
  const data = new Uint8ClampedArray(4 * width * height).fill(255);
  for (let i = 0, o = 0; o < data.length; i += 3, o += 4) {
    data[o] = rgb[i]!;
    data[o + 1] = rgb[i + 1]!;
    data[o + 2] = rgb[i + 2]!;
  }
  return { width, height, data };
}
