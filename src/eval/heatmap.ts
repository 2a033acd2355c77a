/** Score maps as pictures: grey levels, coloured overlays, thresholds and outlines. */
import type { ScoreMap } from '../detect/share_map.js';
import type { Picture } from '../picture/picture.js';
import { HEAT_COLOURS } from './colour_map.js';

/** The scores shown as the lowest and the highest colour; values outside are clamped. */
export interface ScoreRange {
  readonly lo: number;
  readonly hi: number;
}

/** Smallest and largest finite score; 0 and 0 where no score is finite. */
export function rangeOf(map: ScoreMap): ScoreRange {
  let lo = Number.POSITIVE_INFINITY;
  let hi = Number.NEGATIVE_INFINITY;
  const { data } = map;
  for (let i = 0; i < data.length; i++) {
    const v = data[i]!;
    if (!Number.isFinite(v)) continue;
    if (v < lo) lo = v;
    if (v > hi) hi = v;
  }
  return lo <= hi ? { lo, hi } : { lo: 0, hi: 0 };
}

/** 0..255 of a score; an empty range and NaN give 0. */
function level(v: number, { lo, hi }: ScoreRange): number {
  return hi > lo && v > lo ? Math.round(255 * Math.min(1, (v - lo) / (hi - lo))) : 0;
}

/** 8-bit grey levels of a map, [height, width]. */
export function toGray8(map: ScoreMap, lo: number, hi: number): Uint8Array {
  return Uint8Array.from(map.data, (v) => level(v, { lo, hi }));
}

/** Index of the sample below, and the share of the one above, for each output sample; sample centres at i + 0.5. */
function linearTaps(inSize: number, outSize: number): { index: Int32Array; share: Float32Array } {
  const index = new Int32Array(outSize);
  const share = new Float32Array(outSize);
  for (let i = 0; i < outSize; i++) {
    const at = Math.min(inSize - 1, Math.max(0, ((i + 0.5) * inSize) / outSize - 0.5));
    index[i] = Math.min(Math.floor(at), Math.max(0, inSize - 2));
    share[i] = at - index[i]!;
  }
  return { index, share };
}

/** Calls `row(y, values)` for each row of the map resized bilinearly; `values` is reused from row to row. */
function eachRow(map: ScoreMap, width: number, height: number, row: (y: number, values: Float32Array) => void): void {
  if (map.data.length !== map.width * map.height || map.data.length === 0) {
    throw new Error(`score map: wrong size: expected ${map.height}x${map.width} scores, got ${map.data.length}`);
  }
  const columns = linearTaps(map.width, width);
  const rows = linearTaps(map.height, height);
  const across = new Float32Array(map.width);
  const values = new Float32Array(width);
  const right = map.width > 1 ? 1 : 0;
  for (let y = 0; y < height; y++) {
    const top = rows.index[y]! * map.width;
    const below = map.height > 1 ? top + map.width : top;
    const t = rows.share[y]!;
    for (let x = 0; x < map.width; x++) across[x] = map.data[top + x]! * (1 - t) + map.data[below + x]! * t;
    for (let x = 0; x < width; x++) {
      const i = columns.index[x]!;
      const s = columns.share[x]!;
      values[x] = across[i]! * (1 - s) + across[i + right]! * s;
    }
    row(y, values);
  }
}

/**
 * Resizes a map bilinearly. A map covers its squashed picture pixel for pixel, so the centres of both are aligned
 * (align_corners=false) with clamped borders.
 */
export function resizeMap(map: ScoreMap, width: number, height: number): ScoreMap {
  const data = new Float32Array(width * height);
  eachRow(map, width, height, (y, values) => data.set(values, y * width));
  return { width, height, data };
}

/**
 * Lays a map in colours over its picture, at the picture's own size.
 * @param lo score of the lowest colour; `hi` of the highest
 * @param alpha share of the colours, 0 (picture alone) to 1 (colours alone)
 * @returns RGB bytes [picture.height, picture.width, 3]
 */
export function overlay(picture: Picture, map: ScoreMap, lo: number, hi: number, alpha = 0.5): Uint8Array {
  const { width, height, data } = picture;
  const out = new Uint8Array(width * height * 3);
  eachRow(map, width, height, (y, values) => {
    for (let x = 0, o = y * width * 3; x < width; x++, o += 3) {
      const colour = level(values[x]!, { lo, hi }) * 3;
      for (let c = 0; c < 3; c++) {
        out[o + c] = Math.round(data[o + c]! * (1 - alpha) + HEAT_COLOURS[colour + c]! * alpha);
      }
    }
  });
  return out;
}

/** 1 where the map, resized bilinearly, is at least `threshold`, else 0; [height, width] bytes. */
export function thresholdMap(map: ScoreMap, width: number, height: number, threshold: number): Uint8Array {
  const out = new Uint8Array(width * height);
  eachRow(map, width, height, (y, values) => {
    for (let x = 0; x < width; x++) out[y * width + x] = values[x]! >= threshold ? 1 : 0;
  });
  return out;
}

/**
 * Draws the outline of a mask's regions onto RGB bytes, in place: the pixels of a region within `thickness` of its border.
 * @param mask [height, width], 0 outside
 */
export function drawContour(
  rgb: Uint8Array,
  width: number,
  height: number,
  mask: Uint8Array,
  colour: readonly [number, number, number] = [255, 255, 255],
  thickness: number = Math.max(1, Math.round(Math.min(width, height) / 256)),
): void {
  if (rgb.length !== width * height * 3 || mask.length !== width * height) {
    throw new Error(
      `drawContour: wrong size: expected ${height}x${width} pixels, got ${rgb.length / 3} of picture and ${mask.length} of mask`,
    );
  }
  // Peel the regions: a layer is all pixels with a neighbour outside; the picture's own border is not an outline. Only the
  // first layer is looked for everywhere; each further one lies beside the one before.
  const inside = mask.slice();
  let layer = firstLayer(inside, width, height);
  for (let left = thickness; left > 0; left--) {
    for (const i of layer) {
      inside[i] = 0;
      rgb[3 * i] = colour[0];
      rgb[3 * i + 1] = colour[1];
      rgb[3 * i + 2] = colour[2];
    }
    if (left > 1) layer = nextLayer(inside, width, height, layer);
  }
}

/** The marked pixels beside an unmarked one. */
function firstLayer(inside: Uint8Array, width: number, height: number): number[] {
  const layer: number[] = [];
  for (let y = 0, i = 0; y < height; y++) {
    const [up, down] = [y > 0 ? width : 0, y < height - 1 ? width : 0];
    for (let x = 0; x < width; x++, i++) {
      if (inside[i] === 0) continue;
      const beside = inside[i - up] === 0 || inside[i + down] === 0;
      if (beside || (x > 0 && inside[i - 1] === 0) || (x < width - 1 && inside[i + 1] === 0)) layer.push(i);
    }
  }
  return layer;
}

/** The marked pixels beside those of a layer that was just removed. */
function nextLayer(inside: Uint8Array, width: number, height: number, removed: readonly number[]): number[] {
  const found = new Set<number>();
  for (const i of removed) {
    const x = i % width;
    if (x > 0 && inside[i - 1] !== 0) found.add(i - 1);
    if (x < width - 1 && inside[i + 1] !== 0) found.add(i + 1);
    if (i >= width && inside[i - width] !== 0) found.add(i - width);
    if (i < width * (height - 1) && inside[i + width] !== 0) found.add(i + width);
  }
  return [...found];
}

/** Shows a mask as a black and white picture, RGB bytes: 0 black, anything else white. */
export function maskToRgb(mask: Uint8Array): Uint8Array {
  const out = new Uint8Array(mask.length * 3);
  for (let i = 0, o = 0; i < mask.length; i++, o += 3) if (mask[i] !== 0) out[o] = out[o + 1] = out[o + 2] = 255;
  return out;
}
