/** Captions for sheets of pictures, in a font of 5 x 7 pixels (and two rows for descenders) for printable ASCII. */

/** Width and height of a glyph, and the step from one to the next, in pixels at scale 1. */
const GLYPH_WIDTH = 5;
const GLYPH_HEIGHT = 9;
const ADVANCE = GLYPH_WIDTH + 1;

/** Height of a line of text at scale 1, with an empty row above and below. */
export const LINE_HEIGHT = GLYPH_HEIGHT + 2;

/** From space to tilde. A glyph is nine digits of base 32, a digit for each row from the top, leftmost pixel highest. */
const GLYPHS = [
  '000000000444440400aaa000000aavavaa004fke5u400pp248jj00cik8lid0044000000024888420084222480004lel4000044v44000',
  '000006624000v0000000000cc0011248gg00ehjlphe004c4444e00eh1248v00eh161he0026aiv2200vgu11he0068guhhe00v12444400',
  'ehhehhe00ehhf12c000cc00cc000cc00cc48248g8420000v0v0000842124800eh1240400ehnlmge00ehhvhhh00uhhuhhu00ehggghe00',
  'uhhhhhu00vgguggv00vgguggg00ehgnhhf00hhhvhhh00e44444e0072222ic00hikokih00ggggggv00hrllhhh00hplljhh00ehhhhhe00',
  'uhhuggg00ehhhlid00uhhukih00fgge11u00v44444400hhhhhhe00hhhhaa400hhhllrh00hha4ahh00hha444400v1248gv00e88888e00',
  'gg8421100e22222e004ah0000000000000v084000000000e1fhf00gguhhhu0000eggge0011fhhhf0000ehvge0068u88880000fhhhf1e',
  'gguhhhh0040c444e0020622222cggikoki00c44444e0000ullll0000uhhhh0000ehhhe0000uhhhugg00fhhhf1100mpggg0000fge1u00',
  '88u88860000hhhhf0000hhha40000hllla0000ha4ah0000hhhhf1e00v248v00688o88600444444400c22622c00000di0000',
].join('');

/** A drawing surface: RGB bytes [height, width, 3]. */
export interface Canvas {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Gives pixels from `start` to `end` a colour. */
function fillPixels(data: Uint8Array, start: number, end: number, [r, g, b]: readonly [number, number, number]): void {
  for (let i = 3 * start; i < 3 * end; i += 3) {
    data[i] = r;
    data[i + 1] = g;
    data[i + 2] = b;
  }
}

/** A canvas of one colour. */
export function createCanvas(width: number, height: number, colour: readonly [number, number, number]): Canvas {
  const data = new Uint8Array(width * height * 3);
  fillPixels(data, 0, width * height, colour);
  return { width, height, data };
}

/** Fills a rectangle, clipped to the canvas. */
export function fillRect(
  canvas: Canvas,
  [left, top, width, height]: readonly [number, number, number, number],
  colour: readonly [number, number, number],
): void {
  const right = Math.min(canvas.width, left + width);
  const bottom = Math.min(canvas.height, top + height);
  for (let y = Math.max(0, top); y < bottom; y++) {
    fillPixels(canvas.data, y * canvas.width + Math.max(0, left), y * canvas.width + right, colour);
  }
}

/** Width of a text in pixels. */
export function textWidth(text: string, scale = 1): number {
  return text.length === 0 ? 0 : ([...text].length * ADVANCE - 1) * scale;
}

/** The text, or its beginning with an ellipsis, at most `width` pixels wide. */
export function fitText(text: string, width: number, scale = 1): string {
  if (textWidth(text, scale) <= width) return text;
  const letters = [...text];
  while (letters.length > 0 && textWidth(`${letters.join('')}...`, scale) > width) letters.pop();
  return `${letters.join('')}...`;
}

/** Writes a line of text with its top left corner at (left, top); other characters than printable ASCII appear as "?". */
export function drawText(
  canvas: Canvas,
  text: string,
  [left, top]: readonly [number, number],
  colour: readonly [number, number, number],
  scale = 1,
): void {
  [...text].forEach((letter, i) => {
    const code = letter.codePointAt(0)!;
    const glyph = (code >= 32 && code < 127 ? code - 32 : 31) * GLYPH_HEIGHT;
    for (let y = 0; y < GLYPH_HEIGHT; y++) {
      const row = Number.parseInt(GLYPHS[glyph + y]!, 32);
      for (let x = 0; x < GLYPH_WIDTH; x++) {
        if (((row >> (GLYPH_WIDTH - 1 - x)) & 1) === 0) continue;
        fillRect(canvas, [left + (i * ADVANCE + x) * scale, top + y * scale, scale, scale], colour);
      }
    }
  });
}
