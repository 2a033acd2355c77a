/** The option to score large pictures in tiles. */
import type { Tiling } from '../picture/tile_grid.js';

/** Both in pixels of the picture. */
export interface TileOptions {
  /** Side of the tiles, each of which is resized as a whole picture would be; by default the image size. */
  readonly size?: number | undefined;
  /** What neighbouring tiles share, less than `size`; a quarter of it by default. */
  readonly overlap?: number | undefined;
}

/** As of `--img_size`: the patches of CLIP's ViT-L/14. */
const LEAST = 14;

/**
 * The tiling of options.
 * @param imageSize side that pictures and tiles are resized to
 * @throws one line when a number is not a whole number in its range
 */
export function tilingOf({ size, overlap }: TileOptions, imageSize: number): Tiling {
  const side = size ?? imageSize;
  if (!Number.isInteger(side) || side < LEAST) {
    throw new Error(`tile: expected a whole number of pixels of at least ${LEAST}, got ${side}`);
  }
  const shared = overlap ?? Math.floor(side / 4);
  if (!Number.isInteger(shared) || shared < 0 || shared >= side) {
    throw new Error(
      `overlap: expected a whole number of pixels from 0 to ${side - 1}, less than a tile, got ${shared}`,
    );
  }
  return { size: side, overlap: shared };
}
