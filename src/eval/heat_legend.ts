/** The strip below a heatmap that says what its colours mean. */
import { HEAT_COLOURS } from './colour_map.js';
import { type Canvas, createCanvas, drawText, fillRect, LINE_HEIGHT, textWidth } from './lettering.js';

/** A place on the colour scale: its value, and what that means. */
export interface LegendMark {
  readonly value: string;
  readonly meaning: string;
}

/** What the lowest colour stands for, the one in the middle, and the highest. */
export type LegendMarks = readonly [LegendMark, LegendMark, LegendMark];

const PAPER = [255, 255, 255] as const;
const INK = [32, 32, 32] as const;
/** A picture this wide has letters of scale 1 (5 x 7 pixels), one twice as wide letters twice as large. */
const WIDTH_OF_SCALE = 192;
/** At scale 1: height of the colours, the space between two texts, and that at the ends. */
const BAR = 6;
const SPACE = 6;
const MARGIN = 2;

/** Whether three texts, at the left end, in the middle and at the right end, leave a space between them. */
function fits([left, middle, right]: readonly string[], width: number, scale: number): boolean {
  const side = Math.max(textWidth(left!, scale), textWidth(right!, scale));
  return textWidth(middle!, scale) + 2 * (side + (SPACE + MARGIN) * scale) <= width;
}

/**
 * A picture with a legend below, as wide as the picture: the colours, a line at their middle, and the marks. Where the meanings
 * do not fit there are the values alone; a picture that is too narrow even for these is returned as it is.
 * @param picture RGB bytes [height, width, 3]
 */
export function withLegend(picture: Canvas, marks: LegendMarks): Canvas {
  const { width, height } = picture;
  const scale = Math.max(1, Math.floor(width / WIDTH_OF_SCALE));
  const full = marks.map(({ value, meaning }) => `${value} ${meaning}`.trim());
  const texts = [full, marks.map((m) => m.value)].find((list) => fits(list, width, scale));
  if (!texts) return picture;
  const bar = BAR * scale;
  const canvas = createCanvas(width, height + bar + LINE_HEIGHT * scale, PAPER);
  canvas.data.set(picture.data);
  for (let x = 0; x < width; x++) {
    const step = Math.round((x / Math.max(1, width - 1)) * 255) * 3;
    const colour = [HEAT_COLOURS[step]!, HEAT_COLOURS[step + 1]!, HEAT_COLOURS[step + 2]!] as const;
    fillRect(canvas, [x, height, 1, bar], colour);
  }
  fillRect(canvas, [(width - scale) >> 1, height, scale, bar], PAPER);
  texts.forEach((text, i) => {
    const left = MARGIN * scale + Math.round((i / 2) * (width - 2 * MARGIN * scale - textWidth(text, scale)));
    drawText(canvas, text, [left, height + bar + scale], INK, scale);
  });
  return canvas;
}
