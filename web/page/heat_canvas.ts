/** Pixels and maps on a canvas. */
import { HEAT_COLOURS } from '#src/eval/colour_map';
import type { ScoreReport } from '#src/web/engine_messages';

/** What a canvas is drawn with. */
export const context = (canvas: HTMLCanvasElement): CanvasRenderingContext2D => canvas.getContext('2d')!;

/** Sets a canvas to RGBA pixels. */
export function paint(canvas: HTMLCanvasElement, width: number, height: number, data: Uint8ClampedArray): void {
  canvas.width = width;
  canvas.height = height;
  context(canvas).putImageData(new ImageData(new Uint8ClampedArray(data), width, height), 0, 0);
}

/** The map in colours, RGBA, at its own size. */
export function inColours({ data }: ScoreReport['map']): Uint8ClampedArray {
  const out = new Uint8ClampedArray(4 * data.length).fill(255);
  for (let i = 0, o = 0; i < data.length; i++, o += 4) {
    const colour = 3 * Math.round(255 * Math.min(1, Math.max(0, data[i]!)));
    out[o] = HEAT_COLOURS[colour]!;
    out[o + 1] = HEAT_COLOURS[colour + 1]!;
    out[o + 2] = HEAT_COLOURS[colour + 2]!;
  }
  return out;
}
