/** The page of one run: figures, curves, pictures, losses, settings. */

import { isWrong, worstAndBest } from '../../eval/picture_error.js';
import { figureOf, legend, lineChart } from './charts.js';
import { HISTOGRAM_LEGEND, histograms, pictureTable, ranked } from './class_parts.js';
import { curveCharts } from './curve_charts.js';
import { averageTable, classTable, FIGURE_COLUMNS, inPercent, meanOf } from './figure_tables.js';
import { defectTable, intervalTable } from './further_tables.js';
import type { ReportedClass, ReportedRun } from './kept_results.js';
import { html, type Markup } from './markup.js';
import { page } from './page.js';
import type { RunRecord, TestRecord } from './read_run.js';
import { lossCharts, lossTable, runFacts } from './run_facts.js';
import { drawnPicture } from './thumbnails.js';

type Epoch = ReportedRun['epoch'];

/** Pictures that are shown in all, of which every class has its share. */
const SHOWN = 80;

/** Classes whose parts are open from the start. */
const OPEN = 3;

const NAMES: Readonly<Record<string, string>> = { latest: 'latest checkpoint', plain: 'plain CLIP' };

export const epochName = (epoch: Epoch): string =>
  typeof epoch === 'number' ? `epoch ${epoch}` : (NAMES[epoch] ?? epoch);

/** The epochs of a test, in the order in which they were tested. */
const epochsOf = ({ runs }: TestRecord): Epoch[] => [...new Set(runs.map((r) => r.epoch))];

/** Each epoch's averages, as a table and as lines. */
function epochSection(test: TestRecord, epoch: Epoch): Markup {
  const epochs = epochsOf(test);
  const rows = epochs.map((e) => ({
    name: String(e),
    classes: test.runs.filter((r) => r.epoch === e).flatMap((r) => r.classes),
  }));
  const series = FIGURE_COLUMNS.flatMap(([name, pick]) => {
    const points = rows.flatMap((row, i) => {
      const mean = meanOf(row.classes, pick);
      return mean === undefined || typeof epochs[i] !== 'number' ? [] : [[epochs[i], mean] as const];
    });
    return points.length < 2 ? [] : [{ name, points: { x: points.map(([x]) => x), y: points.map(([, y]) => y) } }];
  });
  const title = 'Averages by epoch';
  return html`<section id="epochs"><h2>Epochs</h2>
<p>The rest of the page shows ${epochName(epoch)}. Figures of the test data are no fair way to choose an epoch.</p>
${averageTable('All epochs', 'Epoch', rows)}
${series.length > 0 && html`${legend(series.map((s) => s.name))}<div class="charts">${figureOf(title, lineChart(title, { label: 'epoch', whole: true }, { label: 'per cent' }, series))}</div>`}</section>`;
}

async function classSection(
  c: ReportedClass,
  open: boolean,
  most: number,
  place: { folder: string; written: string },
): Promise<Markup> {
  const { worst, best } = worstAndBest(ranked(c), most);
  const drawn = (i: number): Promise<Markup | undefined> => drawnPicture(c, i, place);
  const charts = histograms(c);
  const wrong = ranked(c).filter(isWrong).length;
  const [, pixelAuc] = FIGURE_COLUMNS[0]!;
  const [, imageAuc] = FIGURE_COLUMNS[2]!;
  return html`<details${open && ' open'}><summary><h4>${c.className}</h4><span>pixel AUROC ${inPercent(pixelAuc(c))}, image AUROC ${inPercent(imageAuc(c))}</span></summary>
${charts.length > 0 && html`${HISTOGRAM_LEGEND}<div class="charts">${charts}</div>`}
${c.imageF1 !== null && c.behind && html`<p>At the threshold of F1-max, ${wrong} of ${c.behind.pictures.length} images are decided wrongly.</p>`}
${worst.length > 0 && (await pictureTable(`Worst images of ${c.className}`, worst, drawn))}
${best.length > 0 && (await pictureTable(`Best images of ${c.className}`, best, drawn))}</details>`;
}

/** Images per second, and without drawing where some were drawn; results of older versions may lack them. */
function speedOf({ imagesPerSecond: all, imagesPerSecondWithoutDrawing: bare }: ReportedRun): string {
  const rate = (v: number): string => Number(v).toFixed(2);
  return `${rate(all)} images/s${bare === undefined ? '' : ` (${rate(bare)} without drawing)`}`;
}

/** A data set at an epoch. */
async function datasetSection(
  run: ReportedRun,
  id: string,
  most: number,
  place: { folder: string; written: string },
): Promise<Markup> {
  const { classes, dataset } = run;
  const charts = curveCharts(classes.map(({ className: name, behind }) => ({ name, behind })));
  const notes = classes.flatMap((c) => (c.notes ?? []).map((note) => html`<li>${c.className}: ${note}</li>`));
  const parts: Markup[] = [];
  for (const c of classes) if (c.behind) parts.push(await classSection(c, classes.length <= OPEN, most, place));
  return html`<section id="${id}"><h2>${dataset}, ${epochName(run.epoch)}</h2>
<p class="quiet">${run.domain}, ${run.images} images, ${speedOf(run)}</p>
${(run.missing?.length ?? 0) > 0 && html`<p><strong>The test ended early: no figures for ${run.missing!.join(', ')}.</strong></p>`}
${classTable(dataset, classes)}
<p class="quiet">F1-max is the best F1 over all thresholds. The threshold that gives it is in the unit of the maps (pixels) or of the class's image scores, 0 to 1 (images).</p>
${intervalTable(run)}
${defectTable(run)}
${notes.length > 0 && html`<ul class="notes">${notes}</ul>`}
${charts.length > 0 && html`<h3>Curves</h3>${legend(classes.map((c) => c.className))}<div class="charts">${charts}</div>`}
${parts.length > 0 && html`<h3>Classes</h3>${parts}`}</section>`;
}

/**
 * The page of a run.
 * @param wanted the epoch that is shown in full; the last one by default
 * @throws one line when the epoch was not tested
 */
export async function runPage(record: RunRecord, wanted?: number): Promise<string> {
  const { folder, test, training } = record;
  const parts: Markup[] = [];
  const links: (readonly [id: string, name: string])[] = [];
  if (test && test.runs.length > 0) {
    const epochs = epochsOf(test);
    const epoch = chosenEpoch(record, wanted)!;
    const runs = test.runs.filter((r) => r.epoch === epoch);
    const classes = runs.reduce((sum, r) => sum + r.classes.length, 0);
    const most = Math.min(4, Math.max(1, Math.floor(SHOWN / (2 * classes))));
    if (epochs.length > 1) {
      links.push(['epochs', 'Epochs']);
      parts.push(epochSection(test, epoch));
    }
    if (runs.length > 1) {
      links.push(['all', 'All data sets']);
      const rows = runs.map((r) => ({ name: r.dataset, classes: r.classes }));
      parts.push(
        html`<section id="all"><h2>All data sets</h2>${averageTable('All data sets', 'Data set', rows)}</section>`,
      );
    }
    for (const [i, run] of runs.entries()) {
      links.push([`set${i + 1}`, run.dataset]);
      parts.push(await datasetSection(run, `set${i + 1}`, most, { folder, written: test.resultsDir }));
    }
  }
  if (training) {
    links.push(['training', 'Training']);
    parts.push(
      html`<section id="training"><h2>Training</h2><div class="charts">${lossCharts([{ name: 'loss', training }])}</div>${lossTable(training)}</section>`,
    );
  }
  const facts = runFacts(record);
  if (facts.length > 0) {
    links.push(['settings', 'Settings']);
    parts.push(html`<section id="settings"><h2>Settings</h2>${facts}</section>`);
  }
  const items = links.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`);
  const title = `${test ? 'Test' : 'Training'} in ${folder}`;
  return page(title, [html`<nav aria-label="Parts of this page"><ul>${items}</ul></nav>`, ...parts]);
}

/** The epoch that is shown of a run: the last one unless another is wanted. @throws one line when it was not tested */
export function chosenEpoch({ folder, test }: RunRecord, wanted?: number): Epoch | undefined {
  if (!test) return undefined;
  const epochs = epochsOf(test);
  if (wanted === undefined) return epochs.at(-1);
  if (!epochs.includes(wanted)) {
    throw new Error(`${folder}: epoch ${wanted} was not tested: expected --epoch with one of ${epochs.join(', ')}`);
  }
  return wanted;
}
