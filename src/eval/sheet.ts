/** Pictures side by side with captions, and a colour scale, for reports and documentation. */
import { resizeOnHost } from '../picture/host_resize.js';
import { HEAT_COLOURS } from './colour_map.js';
import { type Canvas, createCanvas, drawText, fillRect, fitText, LINE_HEIGHT, textWidth } from './lettering.js';

/** A picture of a sheet: RGB bytes [height, width, 3]. */
export interface Tile {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
  readonly caption?: string | undefined;
  /** Whether the caption stands out. */
  readonly marked?: boolean | undefined;
}

export interface SheetOptions {
  /** Side of the square each picture is fitted into with its proportions kept; 256 by default. */
  readonly cell?: number | undefined;
  /** Space between cells and around them; 8 by default. */
  readonly gap?: number | undefined;
  /** Whole-number size of the letters; 1 by default, or 2 for cells of 200 and more. */
  readonly scale?: number | undefined;
  /** A line above each row that has one. */
  readonly headings?: readonly (string | undefined)[] | undefined;
}

const PAPER = [255, 255, 255] as const;
const INK = [32, 32, 32] as const;
const ALARM = [176, 16, 24] as const;
/** Letters of headings are this much larger than captions. */
const HEADING = 2;

/** Copies RGB bytes onto a canvas. */
function paste(canvas: Canvas, tile: Canvas, left: number, top: number): void {
  for (let y = 0; y < tile.height; y++) {
    const row = tile.data.subarray(y * tile.width * 3, (y + 1) * tile.width * 3);
    canvas.data.set(row, ((top + y) * canvas.width + left) * 3);
  }
}

/**
 * Lays out rows of tiles, each fitted into a square cell with its caption below; a row is as high as its tallest tile.
 * @throws when there are no tiles
 */
export function sheet(rows: readonly (readonly Tile[])[], options: SheetOptions = {}): Canvas {
  const columns = Math.max(0, ...rows.map((r) => r.length));
  if (columns === 0) throw new Error('sheet: no tiles: expected at least one picture');
  const cell = options.cell ?? 256;
  const gap = options.gap ?? 8;
  const scale = options.scale ?? (cell >= 200 ? 2 : 1);
  const fitted = rows.map((row) =>
    row.map((tile) => {
      const fit = cell / Math.max(tile.width, tile.height);
      const side = (n: number) => Math.max(1, Math.round(n * fit));
      return { tile, width: side(tile.width), height: side(tile.height) };
    }),
  );
  const tallest = fitted.map((row) => Math.max(...row.map((f) => f.height), 0));
  const caption = rows.map((row) => (row.some((t) => t.caption) ? (LINE_HEIGHT + 1) * scale : 0));
  const above = rows.map((_, r) => (options.headings?.[r] === undefined ? 0 : (LINE_HEIGHT + 2) * scale * HEADING));
  const total = rows.reduce((sum, _, r) => sum + above[r]! + tallest[r]! + caption[r]! + gap, gap);
  const canvas = createCanvas(gap + columns * (cell + gap), total, PAPER);
  let top = gap;
  fitted.forEach((row, r) => {
    const heading = options.headings?.[r];
    const large = HEADING * scale;
    if (heading !== undefined) {
      drawText(canvas, fitText(heading, canvas.width - 2 * gap, large), [gap, top + large], INK, large);
    }
    top += above[r]!;
    row.forEach(({ tile, width, height }, c) => {
      const left = gap + c * (cell + gap);
      const data = resizeOnHost(tile, width, height);
      paste(canvas, { width, height, data }, left + ((cell - width) >> 1), top + ((tallest[r]! - height) >> 1));
      const text = fitText(tile.caption ?? '', cell, scale);
      const indent = (cell - textWidth(text, scale)) >> 1;
      drawText(canvas, text, [left + indent, top + tallest[r]! + 2 * scale], tile.marked ? ALARM : INK, scale);
    });
    top += tallest[r]! + caption[r]! + gap;
  });
  return canvas;
}

/** The colour scale from `lo` (left) to `hi` (right) with both written below: a tile for a sheet or a legend. */
export function colourScale(width: number, lo: string, hi: string, scale = 1): Canvas {
  const bar = LINE_HEIGHT * scale;
  const canvas = createCanvas(width, bar + (LINE_HEIGHT + 1) * scale, PAPER);
  for (let x = 0; x < width; x++) {
    const step = Math.round((x / Math.max(1, width - 1)) * 255) * 3;
    const colour = [HEAT_COLOURS[step]!, HEAT_COLOURS[step + 1]!, HEAT_COLOURS[step + 2]!] as const;
    fillRect(canvas, [x, 0, 1, bar], colour);
  }
  drawText(canvas, lo, [0, bar + 2 * scale], INK, scale);
  drawText(canvas, hi, [width - textWidth(hi, scale), bar + 2 * scale], INK, scale);
  return canvas;
}
