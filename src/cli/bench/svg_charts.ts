/** Charts as SVG texts: bars with what a ceiling allows, and lines. They need nothing but the text itself. */

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** The part of the value that a ceiling allows, drawn darker. */
  readonly least?: number | undefined;
  /** Text after the bar; the value by default. */
  readonly text?: string | undefined;
}

export interface BarChart {
  readonly kind: 'bars';
  readonly title: string;
  /** What the bars show, in a sentence. */
  readonly note: string;
  readonly bars: readonly Bar[];
  /** A value marked by a vertical line, such as 1 among ratios. */
  readonly mark?: number;
}

export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Slope and intercept of a line through the points, drawn dashed. */
  readonly fit?: { readonly slope: number; readonly intercept: number };
}

export interface LineChart {
  readonly kind: 'lines';
  readonly title: string;
  readonly note: string;
  readonly x: string;
  readonly y: string;
  readonly series: readonly Series[];
}

export type Chart = BarChart | LineChart;

/** A drawn chart: the inside of an SVG, and its height. */
export interface Drawing {
  readonly body: string;
  readonly height: number;
}

export const WIDTH = 880;
const MARGIN = 24;
const LABEL = 330;
const INK = '#1b1f24';
const QUIET = '#57606a';
const RULE = '#d0d7de';
/** Okabe and Ito's colours, which people with any kind of colour vision can tell apart. */
const COLOURS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9'];
const LIGHT = '#9ecae8';

/** Text that may stand in XML. */
export function escaped(text: string): string {
  const names: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text.replaceAll(/[&<>"]/g, (c) => names[c]!);
}

interface Words {
  readonly x: number;
  readonly y: number;
  readonly size?: number;
  readonly fill?: string;
  readonly anchor?: 'start' | 'middle' | 'end';
  readonly weight?: number;
}

function words(text: string, { x, y, size = 13, fill = INK, anchor = 'start', weight = 400 }: Words): string {
  return `<text x="${round(x)}" y="${round(y)}" font-size="${size}" fill="${fill}" text-anchor="${anchor}" font-weight="${weight}">${escaped(text)}</text>`;
}

const round = (v: number): number => Math.round(10 * v) / 10;

const box = (x: number, y: number, width: number, height: number, fill: string): string =>
  `<rect x="${round(x)}" y="${round(y)}" width="${round(Math.max(0, width))}" height="${height}" rx="2" fill="${fill}"/>`;

const stroke = (x1: number, y1: number, x2: number, y2: number, colour: string, dash = ''): string =>
  `<line x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}" stroke="${colour}"${dash && ` stroke-dasharray="${dash}"`}/>`;

/** A value in three digits. */
export const short = (v: number): string =>
  v === 0 ? '0' : Math.abs(v) >= 1000 ? v.toFixed(0) : String(Number(v.toPrecision(3)));

/** Label texts fit their column: the end of a longer one is left out. */
const shortened = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`);

function heading({ title, note }: Chart): string {
  return words(title, { x: MARGIN, y: 30, size: 17, weight: 600 }) + words(note, { x: MARGIN, y: 51, fill: QUIET });
}

function drawBars(chart: BarChart): Drawing {
  const { bars, mark } = chart;
  const [top, step] = [70, 24];
  const room = WIDTH - LABEL - 110;
  const most = Math.max(...bars.map((b) => b.value), mark ?? 0) || 1;
  const at = (v: number): number => LABEL + (room * v) / most;
  const parts = bars.flatMap((bar, i) => {
    const y = top + i * step;
    const dark = bar.least === undefined ? bar.value : Math.min(bar.least, bar.value);
    return [
      words(shortened(bar.label, 43), { x: LABEL - 10, y: y + 13, anchor: 'end', size: 12 }),
      box(LABEL, y, at(bar.value) - LABEL, 17, LIGHT),
      box(LABEL, y, at(dark) - LABEL, 17, COLOURS[0]!),
      words(bar.text ?? short(bar.value), { x: at(bar.value) + 7, y: y + 13, size: 12, fill: QUIET }),
    ];
  });
  const end = top + bars.length * step;
  if (mark !== undefined) parts.push(stroke(at(mark), top - 6, at(mark), end, COLOURS[1]!, '4 3'));
  return { body: heading(chart) + parts.join(''), height: end + 16 };
}

/** Round steps that give about five ticks up to `most`. */
export function ticks(most: number): number[] {
  const rough = most / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((f) => f * power >= rough) ?? 10);
  return Array.from({ length: Math.floor(most / step + 1e-9) + 1 }, (_, i) => Number((i * step).toPrecision(12)));
}

function drawLines(chart: LineChart): Drawing {
  const { series, x, y } = chart;
  const [left, right, top, bottom] = [84, WIDTH - 190, 78, 338];
  const all = series.flatMap((s) => s.points);
  const [mostX, mostY] = [Math.max(...all.map((p) => p[0])), Math.max(...all.map((p) => p[1]))];
  const atX = (v: number): number => left + ((right - left) * v) / mostX;
  const atY = (v: number): number => bottom - ((bottom - top) * v) / (mostY * 1.05);
  const parts: string[] = [];
  for (const v of ticks(mostY)) {
    parts.push(
      stroke(left, atY(v), right, atY(v), RULE),
      words(short(v), { x: left - 8, y: atY(v) + 4, anchor: 'end', size: 12, fill: QUIET }),
    );
  }
  for (const v of ticks(mostX)) {
    parts.push(words(short(v), { x: atX(v), y: bottom + 20, anchor: 'middle', size: 12, fill: QUIET }));
  }
  parts.push(words(x, { x: (left + right) / 2, y: bottom + 42, anchor: 'middle' }), words(y, { x: left, y: top - 10 }));
  let lowest = Number.NEGATIVE_INFINITY;
  const ends = series
    .map((s, i) => ({ ...s, colour: COLOURS[i % COLOURS.length]!, points: [...s.points].sort((a, b) => a[0] - b[0]) }))
    .sort((a, b) => b.points.at(-1)![1] - a.points.at(-1)![1]);
  for (const { name, points, fit: line, colour } of ends) {
    if (line) {
      const [from, to] = [points[0]![0], points.at(-1)![0]];
      const value = (v: number): number => Math.max(0, line.intercept + line.slope * v);
      parts.push(stroke(atX(from), atY(value(from)), atX(to), atY(value(to)), colour, '5 4'));
    }
    const path = points.map(([px, py]) => `${round(atX(px))},${round(atY(py))}`).join(' ');
    parts.push(`<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>`);
    parts.push(
      ...points.map(([px, py]) => `<circle cx="${round(atX(px))}" cy="${round(atY(py))}" r="3.5" fill="${colour}"/>`),
    );
    // Names stand where their lines end, far enough apart to be read.
    lowest = Math.max(atY(points.at(-1)![1]) + 4, lowest + 16);
    parts.push(words(name, { x: right + 10, y: lowest, fill: colour, weight: 600 }));
  }
  return { body: heading(chart) + parts.join(''), height: bottom + 60 };
}

/** Draws a chart. */
export const draw = (chart: Chart): Drawing => (chart.kind === 'bars' ? drawBars(chart) : drawLines(chart));

const FONT = 'font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif"';

/** One SVG of several charts, one below the other. @param where a line above them all; none by default */
export function svgOf(charts: readonly Chart[], where = ''): string {
  const above = where === '' ? '' : words(where, { x: MARGIN, y: 24, size: 12, fill: QUIET });
  let height = where === '' ? 0 : 28;
  const parts = charts.map((chart) => {
    const { body, height: own } = draw(chart);
    const placed = `<g transform="translate(0 ${height})">${body}</g>`;
    height += own;
    return placed;
  });
  const title = `<title>${escaped(charts.map((c) => c.title).join('; '))}</title>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" ${FONT}>${title}<rect width="100%" height="100%" fill="#ffffff"/>${above}${parts.join('')}</svg>\n`;
}
