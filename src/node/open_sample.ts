/** Opens one sample: its picture as RGB bytes, its mask at the size the model works at. Runs in threads and without. */
import { prepareMask } from '../picture/mask.js';
import type { PictureRules } from '../picture/picture.js';
import { mapSides } from '../picture/tile_grid.js';
import { loadMask, loadPicture } from './decode.js';

export interface SampleFiles {
  readonly image: string;
  readonly mask: string | undefined;
  /** Side of the prepared mask, in pixels; of a tile's mask where pictures are scored in tiles. */
  readonly maskSize: number;
  /** Side of the tiles in pixels of the picture; undefined where pictures are scored as a whole. */
  readonly tileSize?: number | undefined;
  /** How pictures and masks are read. */
  readonly rules: PictureRules;
}

export interface OpenedSample {
  readonly width: number;
  readonly height: number;
  /** RGB bytes [height, width, 3], in their own buffer. */
  readonly rgb: Uint8Array<ArrayBuffer>;
  /** 0 or 1 per pixel of the picture's map, in its own buffer. */
  readonly mask: Uint8Array<ArrayBuffer> | undefined;
}

/** Bytes that can be transferred to another thread; decoders may give a part of a shared buffer. */
function owned(data: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer } = data;
  const whole = !Buffer.isBuffer(data) && buffer instanceof ArrayBuffer && buffer.byteLength === data.byteLength;
  return whole ? new Uint8Array(buffer) : new Uint8Array(data);
}

/** @throws one line that names the file (as a rejection) when picture or mask cannot be read */
export async function openSample({ image, mask, maskSize, tileSize, rules }: SampleFiles): Promise<OpenedSample> {
  const picture = await loadPicture(image, rules);
  const sides = mapSides(picture, maskSize, tileSize);
  const prepared =
    mask === undefined
      ? undefined
      : prepareMask(await loadMask(mask, rules), sides.width, sides.height, rules.maskThreshold, rules.maskResize);
  const { width, height, data } = picture;
  return { width, height, rgb: owned(data), mask: prepared && owned(prepared) };
}
