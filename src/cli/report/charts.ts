/** Charts as static SVG. Colours are variables of the page's style, so that they follow light and dark. */
import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import type { CurvePoints } from '../../eval/curve_points.js';
import { html, Markup } from './markup.js';

/** Colours of the page's style, `--line0` and on. */
const COLOURS = 8;
const DASHES = ['none', '6 3', '2 3'];

export interface Series {
  readonly name: string;
  readonly points: CurvePoints;
}

/** The stroke of the n-th series. Colours that could be mistaken for each other have other dashes. */
function strokeOf(n: number): { readonly stroke: string; readonly strokeDasharray: string } {
  const dash = DASHES[Math.floor(n / 4) % DASHES.length]!;
  return { stroke: `var(--line${n % COLOURS})`, strokeDasharray: dash };
}

export interface Axis {
  readonly label: string;
  readonly domain?: readonly [number, number];
  /** Whether only whole numbers have a tick. */
  readonly whole?: boolean;
}

const SIZE = { width: 360, height: 300, marginLeft: 48, marginRight: 24, marginTop: 26, marginBottom: 40 };

/** Numbers of an SVG's geometry with two decimals. */
const short = (svg: string): string =>
  svg.replaceAll(/ (?:d|transform|x[12]?|y[12]?|width|height)="[^"]*"/g, (attribute) =>
    attribute.replaceAll(/\d+\.\d{3,}/g, (n) => String(Math.round(100 * Number(n)) / 100)),
  );

function drawn(label: string, options: Plot.PlotOptions): Markup {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const common = { document: document as never, ...SIZE, style: { fontSize: '12px' }, ariaLabel: label };
  const svg = Plot.plot({ ...common, ...options });
  svg.setAttribute('role', 'img');
  // The page's own style has what Plot writes into every chart.
  svg.querySelector('style')?.remove();
  // The chart is one image with one name: what Plot calls its parts says nothing to a reader.
  for (const part of svg.querySelectorAll('[aria-label],[aria-description],[aria-hidden]'))
    for (const name of ['aria-label', 'aria-description', 'aria-hidden']) part.removeAttribute(name);
  return new Markup(short(svg.outerHTML));
}

const axis = ({ label, domain, whole = false }: Axis, values: readonly number[] = []) => ({
  label,
  ...(domain ? { domain: [...domain] } : {}),
  grid: true,
  nice: !domain,
  ticks: whole ? Math.min(5, Math.max(1, Math.max(...values) - Math.min(...values))) : 5,
});

/** Lines over common axes. */
export function lineChart(title: string, x: Axis, y: Axis, series: readonly Series[]): Markup {
  const lines = series.map(({ points }, n) =>
    Plot.line(
      points.x.map((v, i) => ({ x: v, y: points.y[i]! })),
      { x: 'x', y: 'y', strokeWidth: 1.8, ...strokeOf(n) },
    ),
  );
  const dots = series.flatMap(({ points }, n) =>
    points.x.length === 1
      ? [Plot.dot([{ x: points.x[0], y: points.y[0] }], { x: 'x', y: 'y', fill: strokeOf(n).stroke })]
      : [],
  );
  const names = series.length > 4 ? `${series.length} lines` : series.map((s) => s.name).join(', ');
  return drawn(`${title}: ${names}`, {
    x: axis(
      x,
      series.flatMap(({ points }) => points.x),
    ),
    y: axis(y),
    marks: [Plot.frame({ strokeOpacity: 0.25 }), lines, dots],
  });
}

export interface Bars {
  /** Scores at the ends. */
  readonly lo: number;
  readonly hi: number;
  readonly normal: readonly number[];
  readonly abnormal: readonly number[];
}

/** Counts of normal and abnormal samples over their scores. */
export function histogramChart(
  title: string,
  x: string,
  { lo, hi, normal, abnormal }: Bars,
  options: { readonly threshold?: number | undefined; readonly log?: boolean } = {},
): Markup {
  const width = (hi - lo || 1) / normal.length;
  const floor = options.log ? 0.5 : 0;
  const bars = (counts: readonly number[], fill: string) =>
    Plot.rectY(
      counts.flatMap((count, i) => (count > 0 ? [{ from: lo + i * width, to: lo + (i + 1) * width, count }] : [])),
      { x1: 'from', x2: 'to', y1: () => floor, y2: 'count', fill, fillOpacity: 0.6, inset: 0.25 },
    );
  const most = Math.max(1, ...normal, ...abnormal);
  const { threshold } = options;
  const mark =
    threshold === undefined
      ? []
      : [
          Plot.ruleX([threshold], { stroke: 'currentColor', strokeDasharray: '4 3', strokeWidth: 1.5 }),
          Plot.text([threshold], { x: (v: number) => v, text: () => 'threshold', frameAnchor: 'top', dy: -13 }),
        ];
  return drawn(title, {
    x: {
      label: x,
      domain: [Math.min(lo, threshold ?? lo), Math.max(lo + width * normal.length, threshold ?? hi)],
      ticks: 5,
    },
    y: {
      label: options.log ? 'count (logarithmic)' : 'count',
      grid: true,
      ...(options.log
        ? { type: 'log' as const, domain: [floor, most], ticks: 4, tickFormat: '~s' }
        : { domain: [0, most], ticks: Math.min(4, most), tickFormat: '~s' }),
    },
    marks: [bars(normal, 'var(--normal)'), bars(abnormal, 'var(--abnormal)'), mark],
  });
}

/** A chart with its caption. */
export const figureOf = (caption: string, chart: Markup): Markup =>
  html`<figure><figcaption>${caption}</figcaption>${chart}</figure>`;

/** The names of the lines beside their strokes. */
export function legend(names: readonly string[]): Markup {
  const items = names.map((name, n) => {
    const { stroke, strokeDasharray } = strokeOf(n);
    return html`<li><svg width="26" height="10" aria-hidden="true"><line x1="0" x2="26" y1="5" y2="5" stroke="${stroke}" stroke-width="3" stroke-dasharray="${strokeDasharray}"/></svg>${name}</li>`;
  });
  return html`<ul class="legend">${items}</ul>`;
}
