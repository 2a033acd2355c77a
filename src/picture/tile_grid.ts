/** Large pictures as overlapping tiles: where the tiles lie, in the picture and in its map, and with which weights maps are blended. */
import { PictureError } from './picture.js';
import type { PixelSource } from './resize_picture.js';

/** In pixels of the picture. */
export interface Tiling {
  /** Side of a tile. */
  readonly size: number;
  /** Pixels that a tile shares with the next one, less than `size`; the last tile of a row or column may share more. */
  readonly overlap: number;
}

export interface Sides {
  readonly width: number;
  readonly height: number;
}

/** A tile's range along one side of the picture, and of the map. */
export interface TileSpan {
  /** First pixel of the picture, and how many. */
  readonly start: number;
  readonly length: number;
  /** First pixel of the map. */
  readonly mapStart: number;
  /** A weight for each of the tile's map pixels: 1 where no other tile is. At each pixel of the map, those of all spans add up to 1. */
  readonly weights: Float32Array;
}

export interface Tile {
  readonly column: TileSpan;
  readonly row: TileSpan;
}

export interface TileGrid {
  readonly columns: readonly TileSpan[];
  readonly rows: readonly TileSpan[];
  /** Sides of the picture's map. */
  readonly map: Sides;
}

/** Most values of a picture's map: 1 GiB. */
const MOST_VALUES = 2 ** 28;

/** The map's pixels for `length` pixels of the picture, where a tile of `size` pixels has a map of `side`. */
const onMap = (length: number, size: number, side: number): number => Math.round((length * side) / size);

/**
 * Sides of the map of a picture: a tile's map has `imageSize` pixels a side, and a side that is no longer than a tile is one tile.
 * @param tileSize side of a tile in pixels of the picture; undefined where the picture is scored as a whole
 * @throws PictureError when the map would be too large
 */
export function mapSides(
  { name = 'picture', width, height }: Sides & { readonly name?: string | undefined },
  imageSize: number,
  tileSize: number | undefined,
): Sides {
  const along = (length: number): number =>
    tileSize === undefined || length <= tileSize ? imageSize : onMap(length, tileSize, imageSize);
  const map = { width: along(width), height: along(height) };
  if (tileSize === undefined || map.width * map.height <= MOST_VALUES) return map;
  throw new PictureError(
    name,
    `map too large: ${width}x${height} pixels in tiles of ${tileSize} make a map of ${map.width}x${map.height} values, ${MOST_VALUES} at most`,
    'use larger tiles (--tile; in the library, tile.size)',
  );
}

/** First pixels of the tiles along a side: a fixed step apart; the last one ends with the picture. */
function startsOf(length: number, { size, overlap }: Tiling): number[] {
  const starts: number[] = [];
  for (let at = 0; at + size < length; at += size - overlap) starts.push(at);
  return [...starts, Math.max(0, length - size)];
}

/**
 * The tiles along a side. Weights are tents: they rise and fall linearly over what a tile shares with its neighbours,
 * are 1 between, and are divided by their sum, which differs from 1 only where more than two tiles meet.
 */
function spansOf(length: number, tiling: Tiling, side: number): TileSpan[] {
  const size = Math.min(length, tiling.size);
  const starts = startsOf(length, tiling);
  const mapStarts = starts.map((start) => onMap(start, size, side));
  const sums = new Float64Array(mapStarts.at(-1)! + side);
  const tents = mapStarts.map((at, i) => {
    const shared = (j: number): number => Math.max(0, side - Math.abs((mapStarts[j] ?? Infinity) - at));
    const [before, after] = [shared(i - 1), shared(i + 1)];
    const tent = Float64Array.from({ length: side }, (_, p) =>
      Math.min(1, before > 0 ? (p + 0.5) / before : 1, after > 0 ? (side - p - 0.5) / after : 1),
    );
    tent.forEach((v, p) => {
      sums[at + p]! += v;
    });
    return tent;
  });
  return tents.map((tent, i) => ({
    start: starts[i]!,
    length: size,
    mapStart: mapStarts[i]!,
    weights: Float32Array.from(tent, (v, p) => v / sums[mapStarts[i]! + p]!),
  }));
}

/**
 * Cuts a picture into tiles.
 * @param imageSize side that tiles are resized to, and of their maps
 * @throws as `mapSides`
 */
export function tileGrid({ width, height }: Sides, tiling: Tiling, imageSize: number): TileGrid {
  return {
    columns: spansOf(width, tiling, imageSize),
    rows: spansOf(height, tiling, imageSize),
    map: mapSides({ width, height }, imageSize, tiling.size),
  };
}

/** Number of tiles of a picture; 1 where it is scored as a whole. */
export function tileCount({ width, height }: Sides, tiling: Tiling | undefined): number {
  return tiling ? startsOf(width, tiling).length * startsOf(height, tiling).length : 1;
}

/** The pixels of a tile; the picture itself where the tile is all of it. */
export function cutTile(picture: PixelSource & { readonly data: Uint8Array }, { column, row }: Tile): PixelSource {
  const [width, height] = [column.length, row.length];
  if (width === picture.width && height === picture.height) return picture;
  const data = new Uint8Array(3 * width * height);
  for (let y = 0; y < height; y++) {
    const from = 3 * ((row.start + y) * picture.width + column.start);
    data.set(picture.data.subarray(from, from + 3 * width), 3 * width * y);
  }
  return { name: picture.name, width, height, data };
}
