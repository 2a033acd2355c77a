/** Drawings of a tested picture: the picture, its mask, its map in colours, the map over the picture; and sheets of several. */
import type { ScoreMap } from '../detect/share_map.js';
import { resizeOnHost } from '../picture/host_resize.js';
import { prepareMask } from '../picture/mask.js';
import type { Picture } from '../picture/picture.js';
import { maskToRgb, overlay, type ScoreRange } from './heatmap.js';
import type { Canvas } from './lettering.js';
import { colourScale, sheet, type Tile } from './sheet.js';

export interface Example {
  readonly picture: Canvas;
  readonly mask: Canvas;
  readonly heatmap: Canvas;
  readonly overlay: Canvas;
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
  return {
    picture: of(shown.data),
    mask: of(marked),
    heatmap: of(overlay(shown, map, lo, hi, 1)),
    overlay: of(overlay(shown, map, lo, hi)),
  };
}

/** Up to `count` indices spread evenly over `total`. */
function spread(total: number, count: number): number[] {
  if (total <= count) return Array.from({ length: total }, (_, i) => i);
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * total) / count));
}

/**
 * Chooses samples that represent a class: three abnormal ones for each normal one where there are enough, spread evenly
 * over the list and in its order.
 * @param labels 0 normal, 1 abnormal
 */
export function chooseExamples(labels: readonly number[], count = 8): number[] {
  const places = (label: number): number[] => [...labels.keys()].filter((i) => (labels[i] === 0 ? 0 : 1) === label);
  const [normal, abnormal] = [places(0), places(1)];
  const few = Math.min(normal.length, Math.max(Math.round(count / 4), count - abnormal.length));
  return [
    ...spread(normal.length, few).map((i) => normal[i]!),
    ...spread(abnormal.length, count - few).map((i) => abnormal[i]!),
  ].sort((a, b) => a - b);
}

export interface SheetRow {
  readonly name: string;
  readonly example: Example;
  /** The map's peak on the scale of the colours, 0 to 1. */
  readonly peak: number;
}

/** A row for each picture, and the colour scale below. @throws when there are no rows */
export function exampleSheet(rows: readonly SheetRow[], { lo, hi }: ScoreRange, cell = 160): Canvas {
  const tile = (canvas: Canvas, caption: string): Tile => ({ ...canvas, caption });
  const pictures = rows.map(({ name, example, peak }) => [
    tile(example.picture, name),
    tile(example.mask, 'mask'),
    tile(example.heatmap, 'heatmap'),
    tile(example.overlay, `peak ${peak.toFixed(2)}`),
  ]);
  if (pictures.length === 0) throw new Error('sheet: no examples: expected at least one picture');
  return sheet([...pictures, [colourScale(cell, lo.toFixed(2), hi.toFixed(2))]], { cell, scale: 1 });
}
