/** The parts of a page on a run as a whole: its data sets and its epochs. */
import { TRAINED_ON } from '../test_all/trained_on.js';
import { figureOf, legend, lineChart } from './charts.js';
import { averageTable, FIGURE_COLUMNS, type FigureRow, figuresOfSet, meanOfRows } from './figure_tables.js';
import { html, type Markup } from './markup.js';
import type { AskedSet, PlacedRun, RunRecord } from './read_run.js';
import { type Epoch, epochName, epochsOf } from './shown_epoch.js';

/** A data set that was not tested to the end does not count in averages. */
const isWhole = ({ missing }: PlacedRun): boolean => (missing?.length ?? 0) === 0;

/** Averages over data sets of their averages over classes. */
export function overallFigures(runs: readonly PlacedRun[], asked: readonly AskedSet[] | undefined): FigureRow {
  const done = asked && new Set(asked.filter(({ state }) => state === 'SUCCESS').map(({ dataset }) => dataset));
  return meanOfRows(runs.filter((run) => done?.has(run.dataset) ?? isWhole(run)).map(figuresOfSet));
}

/** Each epoch's averages, as a table and as lines. */
export function epochSection(record: RunRecord, epoch: Epoch): Markup {
  const { test, tree } = record;
  const rows = epochsOf(test!).map((e) => {
    const best = tree?.choice?.epoch === e;
    const figures = overallFigures(
      test!.runs.filter((r) => r.epoch === e),
      tree?.asked,
    );
    return { epoch: e, name: best ? html`${e} <span class="tag">best</span>` : String(e), figures, marked: best };
  });
  const series = FIGURE_COLUMNS.flatMap(([name], k) => {
    const points = rows.flatMap(({ epoch: x, figures }) => {
      const y = figures[k];
      return y === undefined || typeof x !== 'number' ? [] : [{ x, y }];
    });
    return points.length < 2 ? [] : [{ name, points: { x: points.map(({ x }) => x), y: points.map(({ y }) => y) } }];
  });
  const title = 'Averages by epoch';
  const how = tree?.choice?.how ?? 'Figures of the test data are no fair way to choose an epoch.';
  return html`<h2>Epochs</h2>
<p>The rest of the page shows ${epochName(epoch)}. ${how}</p>
${averageTable('All epochs', { first: 'Epoch' }, rows)}
${series.length > 0 && html`${legend(series.map((s) => s.name))}<div class="charts">${figureOf(title, lineChart(title, { label: 'epoch', whole: true }, { label: 'per cent' }, series))}</div>`}`;
}

/** A data set of an overview, and the place of its own part on the page. */
export interface LinkedRun {
  readonly run: PlacedRun;
  readonly id: string;
}

/** Classes with figures, and those that the registry knows where these are more. */
function classCount({ classes }: PlacedRun, asked: AskedSet | undefined): string {
  const known = asked?.knownClasses ?? 0;
  return classes.length < known ? `${classes.length} of ${known}` : String(classes.length);
}

/** The averages of all data sets, each a link to its own part, and why others have none. */
export function allSetsSection(linked: readonly LinkedRun[], { tree }: RunRecord): Markup {
  const runs = linked.map(({ run }) => run);
  const askedFor = ({ dataset }: PlacedRun): AskedSet | undefined => tree?.asked.find((a) => a.dataset === dataset);
  const rows = linked.map(({ run, id }) => ({
    name: html`<a href="#${id}">${run.dataset}</a>${askedFor(run)?.trainedOn && html` <span class="tag">${TRAINED_ON}</span>`}`,
    figures: figuresOfSet(run),
    facts: [run.domain, classCount(run, askedFor(run))],
  }));
  const domains = [...new Set(runs.map((r) => r.domain))];
  const averages = (domains.length > 1 ? domains : []).map((domain) => ({
    name: `Average, ${domain}`,
    figures: overallFigures(
      runs.filter((r) => r.domain === domain),
      tree?.asked,
    ),
  }));
  const unseen = runs.filter((run) => !askedFor(run)?.trainedOn);
  if (unseen.length > 0 && unseen.length < runs.length)
    averages.push({ name: 'Average, zero-shot', figures: overallFigures(unseen, tree?.asked) });
  const all = { name: 'Average', figures: overallFigures(runs, tree?.asked) };
  const table = averageTable('All data sets', { first: 'Data set', facts: ['Domain', 'Classes'] }, rows, [
    ...averages,
    all,
  ]);
  const others = (tree?.asked ?? []).filter(({ state }) => state !== 'SUCCESS');
  const reasons = others.map(
    ({ dataset, state, why }) =>
      html`<li><strong>${dataset}</strong>: ${state.toLowerCase()}${why !== undefined && `: ${why}`}</li>`,
  );
  return html`<h2>All data sets</h2>
${rows.length > 0 && table}
${rows.length > 0 && html`<p class="quiet">Averages are plain means over classes, then over data sets. A dash: the data cannot give the figure, since all images have one label or masks are missing.</p>`}
${reasons.length > 0 && html`<h3>Not in the averages</h3><ul class="notes">${reasons}</ul>`}`;
}
