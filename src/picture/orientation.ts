/** EXIF orientation: where a file has it, and turning a picture upright. */
import type { Picture } from './picture.js';
import { readTiffTags, TAG } from './tiff_tags.js';

/** The orientation that EXIF data state, 1 to 8; 1 where they state none. */
export function exifOrientation(exif: Uint8Array): number {
  const [value = 1] = readTiffTags(exif)?.get(TAG.orientation) ?? [];
  return value >= 1 && value <= 8 ? value : 1;
}

/**
 * The picture as it is meant to be seen, as Pillow's `exif_transpose` gives it.
 * @param orientation EXIF's number: 1 upright, 2 to 4 mirrored or upside down, 5 to 8 on its side
 */
export function upright(picture: Picture, orientation: number): Picture {
  if (orientation <= 1 || orientation > 8) return picture;
  const { width, height, data } = picture;
  const turned = orientation >= 5;
  const [w, h] = turned ? [height, width] : [width, height];
  // Going right or down in the result means going this far in the source, from `first`.
  const [right, down] = turned ? [width, 1] : [1, width];
  const backX = [2, 3, 6, 7].includes(orientation);
  const backY = [3, 4, 7, 8].includes(orientation);
  const first = (backX ? (w - 1) * right : 0) + (backY ? (h - 1) * down : 0);
  const out = new Uint8Array(data.length);
  for (let y = 0, o = 0; y < h; y++) {
    let from = 3 * (first + (backY ? -y : y) * down);
    const step = 3 * (backX ? -right : right);
    for (let x = 0; x < w; x++, o += 3, from += step) {
      out[o] = data[from]!;
      out[o + 1] = data[from + 1]!;
      out[o + 2] = data[from + 2]!;
    }
  }
  return { ...picture, width: w, height: h, data: out };
}
