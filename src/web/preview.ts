/** Pictures to and from the form in which a canvas has them. */
import { resizeOnHost } from '../picture/host_resize.js';
import type { Picture } from '../picture/picture.js';
import type { Pixels } from './engine_messages.js';

/** The longest side that a page shows. */
const MOST = 1280;

/** RGBA bytes of a picture; its longer side is at most 1280 pixels. */
export function previewOf(picture: Picture): Pixels {
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

/** The RGB bytes of a frame. */
export function withoutAlpha(name: string, { width, height, data }: Pixels): Picture {
  const rgb = new Uint8Array(3 * width * height);
  for (let i = 0, o = 0; o < rgb.length; i += 4, o += 3) {
    rgb[o] = data[i]!;
    rgb[o + 1] = data[i + 1]!;
    rgb[o + 2] = data[i + 2]!;
  }
  return { name, width, height, channels: 3, data: rgb };
}
