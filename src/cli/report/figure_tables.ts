/** The tables of figures of a page. */
import type { BestF1 } from '../../eval/curve.js';
import type { PartFigures } from '../../eval/metrics.js';
import type { ReportedClass } from './kept_results.js';
import { html, type Markup } from './markup.js';

/** A figure of a class in per cent; undefined where the data cannot give it. */
type Pick = (c: Partial<PartFigures>) => number | undefined;

const known = (v: unknown): number | undefined => (typeof v === 'number' && Number.isFinite(v) ? v : undefined);

const bestOf = (best: BestF1 | null | undefined): number | undefined => {
  const f1 = known(best?.f1);
  return f1 === undefined ? undefined : 100 * f1;
};

/** The published four, and those that the published table lacks. */
export const FIGURE_COLUMNS: readonly (readonly [title: string, pick: Pick])[] = [
  ['Pixel AUROC', (c) => known(c.pixelAuc)],
  ['Pixel AP', (c) => known(c.pixelAp)],
  ['Image AUROC', (c) => known(c.imageAuc)],
  ['Image AP', (c) => known(c.imageAp)],
  ['Pixel AUPRO', (c) => known(c.pixelAupro)],
  ['Pixel F1‑max', (c) => bestOf(c.pixelF1)],
  ['Image F1‑max', (c) => bestOf(c.imageF1)],
];

export const NONE = '–';
export const inPercent = (v: number | undefined): string => v?.toFixed(2) ?? NONE;
const threshold = (best: BestF1 | null | undefined): string => known(best?.threshold)?.toFixed(4) ?? NONE;

/** Plain mean over the classes that have the figure; undefined where none has. */
export function meanOf(classes: readonly Partial<ReportedClass>[], pick: Pick): number | undefined {
  const values = classes.map(pick).filter((v) => v !== undefined);
  return values.length === 0 ? undefined : values.reduce((sum, v) => sum + v, 0) / values.length;
}

const cells = (values: readonly string[]): Markup[] => values.map((v) => html`<td>${v}</td>`);
const heads = (titles: readonly string[]): Markup[] => titles.map((t) => html`<th scope="col">${t}</th>`);
/** A table that can be scrolled sideways where it is too wide, by keys too. */
export const scrolled = (name: string, table: Markup): Markup =>
  html`<div class="wide" role="region" aria-label="${name}" tabindex="0">${table}</div>`;

/** Whether a figure is the 0 that stands, as published, for one that a class with one label does not have. */
function isPublishedZero(c: ReportedClass, title: string): boolean {
  if (/F1|PRO/.test(title)) return false;
  const [abnormal, all] = title.startsWith('Image') ? [c.abnormalImages, c.images] : [c.abnormalPixels, c.pixels];
  return abnormal === 0 || abnormal === all;
}

/** A row for each class, and their average. */
export function classTable(name: string, classes: readonly ReportedClass[]): Markup {
  const titles = [...FIGURE_COLUMNS.map(([t]) => t), 'Pixel threshold', 'Image threshold', 'Images', 'Abnormal'];
  const whole = (v: unknown): string => known(v)?.toLocaleString('en') ?? NONE;
  const rows = classes.map(
    (c) =>
      html`<tr><th scope="row">${c.className}</th>${cells([
        ...FIGURE_COLUMNS.map(([title, pick]) => `${inPercent(pick(c))}${isPublishedZero(c, title) ? ' (n/a)' : ''}`),
        threshold(c.pixelF1),
        threshold(c.imageF1),
        whole(c.images),
        whole(c.abnormalImages),
      ])}</tr>`,
  );
  const total = (key: 'images' | 'abnormalImages'): string =>
    whole(classes.reduce((s, c) => s + (known(c[key]) ?? 0), 0));
  const means = FIGURE_COLUMNS.map(([, pick]) => inPercent(meanOf(classes, pick)));
  const last = cells([...means, '', '', total('images'), total('abnormalImages')]);
  return scrolled(
    name,
    html`<table class="sortable"><caption>${name}, figures in per cent</caption>
<thead><tr><th scope="col">Class</th>${heads(titles)}</tr></thead>
<tbody>${rows}</tbody>
<tfoot><tr><th scope="row">Average</th>${last}</tr></tfoot></table>`,
  );
}

/** A row of averages. */
export interface AverageRow {
  readonly name: string;
  readonly classes: readonly ReportedClass[];
}

/** A row for each data set or epoch: plain averages over its classes. */
export function averageTable(name: string, first: string, rows: readonly AverageRow[]): Markup {
  const body = rows.map(
    (row) =>
      html`<tr><th scope="row">${row.name}</th>${cells(FIGURE_COLUMNS.map(([, pick]) => inPercent(meanOf(row.classes, pick))))}</tr>`,
  );
  return scrolled(
    name,
    html`<table class="sortable"><caption>${name}, averages in per cent</caption>
<thead><tr><th scope="col">${first}</th>${heads(FIGURE_COLUMNS.map(([t]) => t))}</tr></thead>
<tbody>${body}</tbody></table>`,
  );
}

/** All figures of a class, or their averages over several classes. */
export const figuresOver = (classes: readonly Partial<ReportedClass>[]): (number | undefined)[] =>
  FIGURE_COLUMNS.map(([, pick]) => meanOf(classes, pick));

/** A class or data set in several runs: the figures of each run; undefined where a run lacks it. */
export interface ComparedRow {
  readonly name: string;
  readonly runs: readonly (readonly (number | undefined)[] | undefined)[];
}

/** Rows of one class in several runs, the best of each figure marked. */
function comparedRows({ name, runs }: ComparedRow, names: readonly string[]): Markup {
  const values = runs.map((run) => FIGURE_COLUMNS.map((_, k) => inPercent(run?.[k])));
  const best = FIGURE_COLUMNS.map((_, k) => {
    const figures = runs.map((run) => run?.[k]).filter((v) => v !== undefined);
    const differ = new Set(figures.map(inPercent)).size > 1;
    return differ ? inPercent(Math.max(...figures)) : undefined;
  });
  const shown = (v: string, k: number): Markup =>
    v === best[k] ? html`<td><strong>${v}</strong></td>` : html`<td>${v}</td>`;
  const rows = names.map(
    (run, i) =>
      html`<tr>${i === 0 && html`<th scope="rowgroup" rowspan="${names.length}">${name}</th>`}<th scope="row" class="run">${run}</th>${values[i]!.map(shown)}</tr>`,
  );
  return html`<tbody>${rows}</tbody>`;
}

/**
 * The figures of several runs side by side, row by row; the average is over the rows that all of them have.
 * @param first title of the first column
 */
export function comparedTable(
  name: string,
  first: string,
  runs: readonly string[],
  rows: readonly ComparedRow[],
): Markup {
  const common = rows.filter((row) => row.runs.every((run) => run !== undefined));
  const average = runs.map((_, i) =>
    FIGURE_COLUMNS.map((__, k) => {
      const values = common.map((row) => row.runs[i]![k]).filter((v) => v !== undefined);
      return values.length === 0 ? undefined : values.reduce((sum, v) => sum + v, 0) / values.length;
    }),
  );
  const partial = common.length < rows.length && common.length > 0;
  return scrolled(
    name,
    html`<table><caption>${name}, in per cent${partial && `; average over what all runs have: ${common.length} of ${rows.length}`}</caption>
<thead><tr><th scope="col">${first}</th><th scope="col" class="run">Run</th>${heads(FIGURE_COLUMNS.map(([t]) => t))}</tr></thead>
${rows.map((row) => comparedRows(row, runs))}
${common.length > 1 && comparedRows({ name: 'Average', runs: average }, runs)}</table>`,
  );
}
