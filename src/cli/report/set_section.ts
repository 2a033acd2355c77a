/** The part of a page on one data set: figures, curves, and its classes with their pictures. */
import { isWrong, worstAndBest } from '../../eval/picture_error.js';
import { legend } from './charts.js';
import { HISTOGRAM_LEGEND, histograms, pictureList, ranked } from './class_parts.js';
import { curveCharts } from './curve_charts.js';
import { classTable, FIGURE_COLUMNS, inPercent } from './figure_tables.js';
import { defectTable, intervalTable } from './further_tables.js';
import type { ReportedClass } from './kept_results.js';
import { html, type Markup } from './markup.js';
import type { Place, PlacedRun } from './read_run.js';
import { epochName } from './shown_epoch.js';
import { drawnPicture } from './thumbnails.js';

/** Classes whose parts are open from the start. */
const OPEN = 3;

async function classSection(c: ReportedClass, open: boolean, most: number, place: Place): Promise<Markup> {
  const { worst, best } = worstAndBest(ranked(c), most);
  const drawn = (i: number): Promise<Markup | undefined> => drawnPicture(c, i, place);
  const charts = histograms(c);
  const wrong = ranked(c).filter(isWrong).length;
  const [, pixelAuc] = FIGURE_COLUMNS[0]!;
  const [, imageAuc] = FIGURE_COLUMNS[2]!;
  return html`<details${open && ' open'}><summary><h4>${c.className}</h4><span>pixel AUROC ${inPercent(pixelAuc(c))}, image AUROC ${inPercent(imageAuc(c))}</span></summary>
${charts.length > 0 && html`${HISTOGRAM_LEGEND}<div class="charts">${charts}</div>`}
${c.imageF1 !== null && c.behind && html`<p>At the threshold of F1-max, ${wrong} of ${c.behind.pictures.length} images are decided wrongly.</p>`}
${c.behind?.sheet !== undefined && html`<p class="quiet">Each image is shown as it is, as its mask, and with the map laid over it.</p>`}
${worst.length > 0 && (await pictureList(`Worst images of ${c.className}`, worst, drawn))}
${best.length > 0 && (await pictureList(`Best images of ${c.className}`, best, drawn))}</details>`;
}

/** Images per second, and without drawing where some were drawn; results of older versions may lack them. */
function speedOf({ imagesPerSecond: all, imagesPerSecondWithoutDrawing: bare }: PlacedRun): string {
  if (!Number.isFinite(all)) return '';
  return `, ${all.toFixed(2)} images/s${bare === undefined ? '' : ` (${bare.toFixed(2)} without drawing)`}`;
}

/**
 * A data set at an epoch.
 * @param most how many of the worst and of the best pictures of a class are shown
 * @param folded whether curves and classes are closed at first
 */
export async function datasetSection(run: PlacedRun, most: number, folded: boolean): Promise<Markup> {
  const { classes, dataset, place } = run;
  const charts = curveCharts(classes.map(({ className: name, behind }) => ({ name, behind })));
  const notes = classes.flatMap((c) => (c.notes ?? []).map((note) => html`<li>${c.className}: ${note}</li>`));
  const lines = html`${legend(classes.map((c) => c.className))}<div class="charts">${charts}</div>`;
  const parts: Markup[] = [];
  for (const c of classes) {
    // The first one shows what the others hold.
    const open = !folded && (classes.length <= OPEN || parts.length === 0);
    if (c.behind) parts.push(await classSection(c, open, most, place));
  }
  return html`<h2>${dataset}, ${epochName(run.epoch)}</h2>
<p class="quiet">${run.domain}, ${Number(run.images).toLocaleString('en')} images${speedOf(run)}</p>
${(run.missing?.length ?? 0) > 0 && html`<p><strong>The test ended early: no figures for ${run.missing!.join(', ')}.</strong></p>`}
${classTable(dataset, classes)}
${intervalTable(run)}
${defectTable(run)}
${notes.length > 0 && html`<ul class="notes">${notes}</ul>`}
${charts.length > 0 && (folded ? html`<details><summary><h3>Curves</h3></summary>${lines}</details>` : html`<h3>Curves</h3>${lines}`)}
${parts.length > 0 && html`<h3>Classes</h3>${parts}`}`;
}
