/** Drawings of a tested picture: the picture, its mask, its map in colours, the map over the picture; and sheets of several. */
import type { ScoreMap } from '../detect/share_map.js';
import { resizeOnHost } from '../picture/host_resize.js';
import { prepareMask } from '../picture/mask.js';
import type { Picture } from '../picture/picture.js';
import { drawContour, maskToRgb, overlay, type ScoreRange } from './heatmap.js';
import type { Canvas } from './lettering.js';
import { colourScale, sheet, type Tile } from './sheet.js';

const WHITE = [255, 255, 255] as const;
const DARK = [24, 24, 24] as const;

export interface Example {
  readonly picture: Canvas;
  readonly mask: Canvas;
  readonly heatmap: Canvas;
  /** The map over the picture, and a line around what the mask marks. */
  readonly overlay: Canvas;
}

/**
 * Draws a line around the marked pixels, white with a dark line outside it, so that it shows on every colour. It lies outside
 * of them: a small fault stays visible.
 * @param marked RGB bytes, not 0 where a pixel is marked
 */
function outline(rgb: Uint8Array, width: number, height: number, marked: Uint8Array): void {
  const outside = new Uint8Array(width * height);
  for (let i = 0; i < outside.length; i++) if (marked[3 * i] === 0) outside[i] = 1;
  const thickness = Math.max(1, Math.round(Math.max(width, height) / 160));
  drawContour(rgb, width, height, outside, DARK, 2 * thickness);
  drawContour(rgb, width, height, outside, WHITE, thickness);
}

/**
 * Draws a picture in its own proportions, at most `side` pixels long.
 * @param mask 0 or 1 for each pixel of the map; shown grey where it is undefined
 * @param range scores of the lowest and the highest colour
 */
export function drawExample(
  picture: Picture,
  mask: Uint8Array | undefined,
  map: ScoreMap,
  { lo, hi }: ScoreRange,
  side: number,
): Example {
  const fit = Math.min(1, side / Math.max(picture.width, picture.height));
  const [width, height] = [picture.width, picture.height].map((n) => Math.max(1, Math.round(n * fit))) as [
    number,
    number,
  ];
  const shown: Picture = { ...picture, width, height, data: resizeOnHost(picture, width, height) };
  const marked = mask
    ? maskToRgb(prepareMask({ width: map.width, height: map.height, data: mask }, width, height))
    : new Uint8Array(3 * width * height).fill(128);
  const of = (data: Uint8Array): Canvas => ({ width, height, data });
  const laid = overlay(shown, map, lo, hi);
  if (mask) outline(laid, width, height, marked);
  return {
    picture: of(shown.data),
    mask: of(marked),
    heatmap: of(overlay(shown, map, lo, hi, 1)),
    overlay: of(laid),
  };
}

/** A picture of a sheet. */
export interface SheetRow {
  readonly name: string;
  readonly example: Example;
  /** The map's peak on the scale of the colours, 0 to 1. */
  readonly peak: number;
  /** Whether the picture has a mask; a normal one has one without marks. */
  readonly masked: boolean;
  /** What was decided, and why. */
  readonly remark: string;
  readonly wrong: boolean;
}

/** Rows below a heading. */
export interface SheetPart {
  readonly heading: string;
  readonly rows: readonly SheetRow[];
}

/** A row for each picture, part by part, and the colour scale below. @throws when there are no rows */
export function exampleSheet(parts: readonly SheetPart[], { lo, hi }: ScoreRange, cell = 200): Canvas {
  const tile = (canvas: Canvas, caption: string, marked = false): Tile => ({ ...canvas, caption, marked });
  const rows = parts.flatMap((part) =>
    part.rows.map(({ name, example, masked, peak, remark, wrong }) => [
      tile(example.picture, name),
      tile(example.mask, masked ? 'mask' : 'no mask'),
      tile(example.heatmap, `peak ${peak.toFixed(2)}`),
      tile(example.overlay, remark, wrong),
    ]),
  );
  if (rows.length === 0) throw new Error('sheet: no examples: expected at least one picture');
  const headings = parts.flatMap((part) => part.rows.map((_, i) => (i === 0 ? part.heading : undefined)));
  const scale = [colourScale(cell, lo.toFixed(2), hi.toFixed(2))];
  return sheet([...rows, scale], { cell, scale: 1, headings });
}
