/** The tables of a page that flags of `test` ask for: types of defect, and intervals. */
import { FIGURES, type Interval, type Intervals } from '../../eval/intervals.js';
import type { DefectRow } from '../../eval/report.js';
import { FIGURE_COLUMNS, inPercent, scrolled } from './figure_tables.js';
import type { ReportedRun } from './kept_results.js';
import { html, type Markup } from './markup.js';

const NONE = 'n/a';
const head = (titles: readonly string[]): Markup[] => titles.map((t) => html`<th scope="col">${t}</th>`);
const TITLES = FIGURE_COLUMNS.map(([title]) => title);

const intervalText = (interval: Interval | undefined): string =>
  interval ? interval.map((v) => v.toFixed(2)).join('–') : NONE;

/** Intervals of each class and of the mean over them; nothing where the run has none. */
export function intervalTable({ dataset, classes, averageIntervals }: ReportedRun): Markup | undefined {
  const known = classes.flatMap((c) => (c.intervals ? [{ className: c.className, intervals: c.intervals }] : []));
  if (known.length === 0) return undefined;
  const { resamples, seed, confidence } = known[0]!.intervals;
  const off = Math.max(...known.map(({ intervals }) => intervals.binError));
  const row = (name: string, intervals: Intervals): Markup =>
    html`<tr><th scope="row">${name}</th>${FIGURES.map((key) => html`<td>${intervalText(intervals[key])}</td>`)}</tr>`;
  const caption = `${dataset}, ${confidence}% intervals in per cent`;
  const table = scrolled(
    caption,
    html`<table><caption>${caption}</caption>
<thead><tr><th scope="col">Class</th>${head(TITLES)}</tr></thead>
<tbody>${known.map(({ className, intervals }) => row(className, intervals))}</tbody>
${averageIntervals && html`<tfoot>${row('Average', averageIntervals)}</tfoot>`}</table>`,
  );
  return html`${table}
<p class="quiet">From ${resamples} resamples of the images of each class, normal and abnormal ones drawn apart, seed ${seed}. For these, pixels are counted in bins; the figures of the classes had from the bins differ from the exact ones by ${off.toFixed(4)} at most.</p>`;
}

/** A row for each type of defect of each class; nothing where the run has none. */
export function defectTable({ dataset, classes }: ReportedRun): Markup | undefined {
  const rows = classes.flatMap(({ className, defects = [] }) => defects.map((row) => ({ className, row })));
  if (rows.length === 0) return undefined;
  const cellsOf = (row: DefectRow): Markup[] =>
    FIGURE_COLUMNS.map(([, pick]) => {
      const value = pick(row);
      return html`<td>${value === undefined ? NONE : inPercent(value)}</td>`;
    });
  const body = rows.map(
    ({ className, row }) =>
      html`<tr><th scope="row">${className}</th><td class="word">${row.defect ?? '(unknown)'}</td><td>${row.abnormalImages}</td>${cellsOf(row)}</tr>`,
  );
  const caption = `${dataset}, types of defect, each against all normal images of its class, in per cent`;
  return scrolled(
    caption,
    html`<table class="sortable"><caption>${caption}</caption>
<thead><tr><th scope="col">Class</th><th scope="col" class="word">Defect</th>${head(['Images', ...TITLES])}</tr></thead>
<tbody>${body}</tbody></table>`,
  );
}
