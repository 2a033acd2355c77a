/** The page of several runs, side by side. */
import { legend } from './charts.js';
import { curveCharts } from './curve_charts.js';
import { comparedTable, figuresOfSet, figuresOver } from './figure_tables.js';
import type { ReportedRun } from './kept_results.js';
import { html, type Markup } from './markup.js';
import { type Part, page } from './page.js';
import type { RunRecord } from './read_run.js';
import { differences, lossCharts } from './run_facts.js';
import { chosenEpoch, epochName } from './shown_epoch.js';
import { TERMS_PART } from './terms.js';

/** A data set in several runs: the table, and each class's curves, a line for each run. */
function comparedSet(dataset: string, names: readonly string[], runs: readonly (ReportedRun | undefined)[]): Markup {
  const classNames = [...new Set(runs.flatMap((run) => run?.classes.map((c) => c.className) ?? []))];
  const classes = classNames.map((className) => ({
    className,
    runs: runs.map((run) => run?.classes.find((c) => c.className === className)),
  }));
  const rows = classes.map((c) => ({ name: c.className, runs: c.runs.map((found) => found && figuresOver([found])) }));
  const curves = classes.flatMap(({ className, runs: found }, n) => {
    const charts = curveCharts(found.map((c, i) => ({ name: names[i]!, behind: c?.behind })));
    if (charts.length === 0) return [];
    return [
      html`<details${n === 0 && ' open'}><summary><h4>${className}</h4></summary>${legend(names)}<div class="charts">${charts}</div></details>`,
    ];
  });
  return html`<h2>${dataset}</h2>${comparedTable(dataset, 'Class', names, rows)}
<p class="quiet">The best of each figure is bold.</p>
${curves.length > 0 && html`<h3>Curves</h3>${curves}`}`;
}

/**
 * The page of several runs.
 * @param wanted the epoch of each run; its last one by default
 * @throws one line when a run has not tested the epoch
 */
export function comparePage(records: readonly RunRecord[], wanted?: number): string {
  const epochs = records.map((record) => chosenEpoch(record, wanted));
  const one = new Set(epochs).size === 1;
  const names = records.map(({ folder }, i) =>
    one || epochs[i] === undefined ? folder : `${folder}, ${epochName(epochs[i])}`,
  );
  const of = (dataset: string): (ReportedRun | undefined)[] =>
    records.map(({ test }, i) => test?.runs.find((r) => r.dataset === dataset && r.epoch === epochs[i]));
  const datasets = [
    ...new Set(
      records.flatMap(({ test }, i) => test?.runs.filter((r) => r.epoch === epochs[i]).map((r) => r.dataset) ?? []),
    ),
  ];
  const settings = differences(names, records);
  const losses = lossCharts(records.map(({ training }, i) => ({ name: names[i]!, training })));
  const all = datasets.map((name) => ({ name, runs: of(name).map((run) => run && figuresOfSet(run)) }));
  const parts: Part[] = datasets.map((dataset, i) => ({
    id: `set${i + 1}`,
    name: dataset,
    body: comparedSet(dataset, names, of(dataset)),
  }));
  if (datasets.length > 1) {
    const body = html`<h2>All data sets</h2>${comparedTable('All data sets', 'Data set', names, all)}`;
    parts.unshift({ id: 'all', name: 'All data sets', body });
  }
  if (losses.length > 0) {
    const body = html`<h2>Training</h2>${legend(names)}<div class="charts">${losses}</div>`;
    parts.push({ id: 'training', name: 'Training', body });
  }
  if (settings) parts.push({ id: 'settings', name: 'Settings', body: html`<h2>Settings</h2>${settings}` });
  if (datasets.length > 0) parts.push(TERMS_PART);
  const facts = [...names, ...(one && epochs[0] !== undefined ? [epochName(epochs[0])] : [])];
  return page({ title: `${records.length} runs compared`, facts }, parts);
}
