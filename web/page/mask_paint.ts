/** Draws a mask and a cursor so that they are seen on any picture. */
import type { MaskEdit } from './mask_edit.js';

/** Width of each of the two tones of an outline, in pixels of the canvas. */
const LINE = 3;
/** Red, green, blue and opacity, as a little-endian word. */
const FILL = 0x73_30_40_ff;
const DARK = 0xff_00_00_00;
const LIGHT = 0xff_ff_ff_ff;

interface Point {
  readonly x: number;
  readonly y: number;
}

/** Fills what is marked, with a light line within its edge and a dark one around it. */
export function drawMask(context: CanvasRenderingContext2D, { data, width, height }: MaskEdit): void {
  const { width: w, height: h } = context.canvas;
  const image = context.createImageData(w, h);
  const words = new Uint32Array(image.data.buffer);
  const columns = Int32Array.from({ length: w }, (_, x) => Math.floor(((x + 0.5) * width) / w));
  const rows = Int32Array.from({ length: h }, (_, y) => Math.floor(((y + 0.5) * height) / h) * width);
  for (let y = 0; y < h; y++) {
    const [here, above, below] = [rows[y]!, rows[Math.max(0, y - LINE)]!, rows[Math.min(h - 1, y + LINE)]!];
    for (let x = 0; x < w; x++) {
      const column = columns[x]!;
      const value = data[here + column]!;
      const left = data[here + columns[Math.max(0, x - LINE)]!];
      const right = data[here + columns[Math.min(w - 1, x + LINE)]!];
      const edge =
        left !== value || right !== value || data[above + column] !== value || data[below + column] !== value;
      if (edge) words[y * w + x] = value ? LIGHT : DARK;
      else if (value) words[y * w + x] = FILL;
    }
  }
  context.putImageData(image, 0, 0);
}

/**
 * Draws a circle of the brush, or a cross where there is none, and the rectangle from a corner to the cursor.
 * @param scale pixels of the canvas in one of the mask
 * @param radius of the brush, in pixels of the mask
 */
export function drawCursor(
  context: CanvasRenderingContext2D,
  { x, y }: Point,
  scale: number,
  radius: number | undefined,
  corner: Point | undefined,
): void {
  const path = new Path2D();
  if (radius === undefined) {
    for (const [dx, dy] of [
      [14, 0],
      [0, 14],
    ] as const) {
      path.moveTo(x * scale - dx, y * scale - dy);
      path.lineTo(x * scale + dx, y * scale + dy);
    }
  } else path.arc(x * scale, y * scale, radius * scale, 0, 2 * Math.PI);
  if (corner) path.rect(corner.x * scale, corner.y * scale, (x - corner.x) * scale, (y - corner.y) * scale);
  for (const [color, line] of [
    ['#000', 7],
    ['#fff', 3],
  ] as const) {
    context.strokeStyle = color;
    context.lineWidth = line;
    context.stroke(path);
  }
}
