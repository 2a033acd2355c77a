/** Encodes small pictures as JPEG, for pages. */
import { encode } from 'jpeg-js';
import type { Picture } from '../picture/picture.js';
import { loadSharp } from './decode_sharp.js';

/**
 * Encodes a picture as JPEG: with sharp where it is installed, else with jpeg-js, which makes tables of 130,000 entries for each
 * picture. The files differ and look alike.
 * @param quality 1 to 100
 * @param options.sharp false leaves sharp unused even where it is installed
 */
export async function encodeJpeg(
  { width, height, data: rgb }: Pick<Picture, 'width' | 'height' | 'data'>,
  quality: number,
  options: { readonly sharp?: boolean } = {},
): Promise<Uint8Array> {
  const sharp = options.sharp === false ? undefined : await loadSharp();
  if (sharp)
    return sharp(rgb, { raw: { width, height, channels: 3 } })
      .jpeg({ quality })
      .toBuffer();
  const data = new Uint8Array(4 * width * height).fill(255);
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4) {
    data[to] = rgb[from]!;
    data[to + 1] = rgb[from + 1]!;
    data[to + 2] = rgb[from + 2]!;
  }
  return encode({ data, width, height }, quality).data;
}
