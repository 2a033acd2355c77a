/** Letters and digits as strokes, for print and engravings: each line runs through points of a 3 x 5 grid. */
import type { Rng } from './rng.js';
import { union } from './shape_ops.js';
import { type Point, type Shape, stroke } from './shapes.js';

/** Points are two digits, column and row; spaces separate lines. */
const LINES: Readonly<Record<string, string>> = {
  A: '04011001122124 0323',
  B: '000424222002 10200100 2224',
  C: '2110010314 1424',
  E: '2000042402 0222',
  F: '200004 0212',
  H: '0004 2024 0222',
  K: '0004 2002 0224',
  L: '000424',
  M: '040012 122024',
  N: '04002420',
  P: '0400202202',
  R: '0400202202 1224',
  S: '2000022224 2404',
  T: '0020 1014',
  U: '00042420',
  V: '001420',
  X: '0024 2004',
  Z: '00200424',
  0: '0020240400',
  1: '011014',
  2: '002022020424',
  3: '00202404 0222',
  4: '00022220 2024',
  5: '2000022224 2404',
  6: '200004242202',
  7: '002014',
  8: '0020240400 0222',
  9: '220200202404',
};

const NAMES = Object.keys(LINES);

/** A random string of digits, or of letters and digits. */
export function randomText(rng: Rng, length: number): string {
  const from = rng.chance(0.4) ? NAMES.filter((n) => n >= '0' && n <= '9') : NAMES;
  return Array.from({ length }, () => rng.pick(from)).join('');
}

/**
 * A line of text centred on the origin.
 * @param height of the letters
 * @param half half the thickness of a stroke
 */
export function lettering(text: string, height: number, half: number): Shape {
  const unit = height / 4;
  const advance = 3.2 * unit;
  const left = (-advance * (text.length - 1)) / 2 - unit;
  const strokes = [...text].flatMap((letter, i) =>
    (LINES[letter] ?? '').split(' ').map((line) => {
      const points: Point[] = [];
      for (let k = 0; k + 1 < line.length; k += 2) {
        points.push([left + i * advance + Number(line[k]) * unit, (Number(line[k + 1]) - 2) * unit]);
      }
      return stroke(points, half);
    }),
  );
  return union(...strokes);
}
