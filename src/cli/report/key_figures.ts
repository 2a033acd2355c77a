/** What a reader wants to know first: how good, of what, and where it was run. */
import { isWrong } from '../../eval/picture_error.js';
import { duration } from '../progress.js';
import { ranked } from './class_parts.js';
import { FIGURE_COLUMNS, inPercent } from './figure_tables.js';
import type { Origin } from './kept_results.js';
import { html, type Markup } from './markup.js';
import { overallFigures } from './overview.js';
import type { PlacedRun, RunRecord, TrainingLosses } from './read_run.js';
import { meanLosses, moment } from './run_facts.js';
import { type Epoch, epochName } from './shown_epoch.js';

const KEY_FIGURES = ['Image AUROC', 'Pixel AUROC', 'Pixel AUPRO', 'Image F1‑max'];

const tile = (name: string, value: string, small: string | false): Markup =>
  html`<div><dt>${name}</dt><dd>${value}${small && html` <small>${small}</small>`}</dd></div>`;

/** The averages that matter most, and how many images were decided wrongly. */
export function testTiles(runs: readonly PlacedRun[], epoch: Epoch, { tree }: RunRecord): Markup {
  const overall = overallFigures(runs, tree?.asked);
  const tiles = KEY_FIGURES.map((name) => {
    const value = overall[FIGURE_COLUMNS.findIndex(([title]) => title === name)];
    return tile(name, inPercent(value), value !== undefined && '%');
  });
  const decided = runs.flatMap(({ classes }) => classes.flatMap(ranked)).filter(({ verdict }) => verdict !== undefined);
  const wrong = decided.filter(isWrong).length.toLocaleString('en');
  if (decided.length > 0)
    tiles.push(tile('Decided wrongly', wrong, `of ${decided.length.toLocaleString('en')} images`));
  const counted =
    decided.length > 0 &&
    ' "Decided wrongly" counts the images on the wrong side of the threshold of their class, the one that gives F1-max. It was chosen on these same images, so expect slightly worse decisions on new ones.';
  return html`<dl class="tiles">${tiles}</dl>
<p class="quiet">Averages over all classes${runs.length > 1 && ', then over data sets'}, ${epochName(epoch)}.${counted}</p>`;
}

/** The mean loss of the last epoch of each stage. */
export function trainingTiles(training: TrainingLosses): Markup {
  const rows = meanLosses(training);
  const stages = [...new Set(rows.map(({ stage }) => stage))];
  const tiles = stages.map((stage) => {
    const of = rows.filter((row) => row.stage === stage);
    const [first, last] = [of[0]!, of.at(-1)!];
    const before = of.length > 1 && `from ${first.mean.toFixed(3)} in epoch ${first.epoch + 1}`;
    return tile(`Loss, ${stage} stage`, last.mean.toFixed(3), before);
  });
  return html`<dl class="tiles">${tiles}</dl>
<p class="quiet">Mean loss of the last epoch of each stage.</p>`;
}

const counted = (n: number, one: string, many: string): string => `${n.toLocaleString('en')} ${n === 1 ? one : many}`;

/** How much was tested. */
export function testedFacts(runs: readonly PlacedRun[]): string[] {
  const classes = runs.reduce((sum, run) => sum + run.classes.length, 0);
  const images = runs.reduce((sum, run) => sum + Number(run.images), 0);
  return [
    ...(runs.length > 1 ? [counted(runs.length, 'data set', 'data sets')] : []),
    counted(classes, 'class', 'classes'),
    counted(images, 'image', 'images'),
  ];
}

/** When, where and with what something was run, as far as that is known. */
export function originLine(origin: Partial<Origin> = {}): string[] {
  const { started, adapter, aaclip, seconds } = origin;
  const words = [
    started !== undefined && moment(started),
    seconds !== undefined && duration(seconds),
    adapter !== undefined && adapter,
    aaclip !== undefined && `aaclip ${aaclip}`,
  ];
  return words.filter((word) => word !== false);
}
