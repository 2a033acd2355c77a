/** The page of one run, or of all data sets: figures, curves, pictures, losses, settings. */
import { html, type Markup } from './markup.js';
import { allSetsSection, epochSection, keyFigures } from './overview.js';
import { page } from './page.js';
import type { RunRecord } from './read_run.js';
import { lossCharts, lossTable, runFacts } from './run_facts.js';
import { datasetSection } from './set_section.js';
import { chosenEpoch, epochsOf } from './shown_epoch.js';

/** Pictures that are shown in all, of which every class has its share. */
const SHOWN = 80;

/** A part of the page, with its place in the list of parts. */
interface Part {
  readonly id: string;
  readonly name: string;
  readonly body: Markup;
}

async function testParts(record: RunRecord, wanted: number | undefined): Promise<Part[]> {
  const { test, tree } = record;
  const epoch = chosenEpoch(record, wanted);
  if (!test || epoch === undefined)
    return tree ? [{ id: 'all', name: 'Data sets', body: allSetsSection([], record) }] : [];
  const linked = test.runs.filter((r) => r.epoch === epoch).map((run, i) => ({ run, id: `set${i + 1}` }));
  const runs = linked.map(({ run }) => run);
  const classes = runs.reduce((sum, r) => sum + r.classes.length, 0);
  const most = Math.min(4, Math.max(1, Math.floor(SHOWN / (2 * classes))));
  const parts: Part[] = [];
  if (tree || runs.length > 1) parts.push({ id: 'all', name: 'All data sets', body: allSetsSection(linked, record) });
  if (epochsOf(test).length > 1) parts.push({ id: 'epochs', name: 'Epochs', body: epochSection(record, epoch) });
  for (const { run, id } of linked)
    parts.push({ id, name: run.dataset, body: await datasetSection(run, id, most, runs.length > 1) });
  return [{ ...parts[0]!, body: html`${keyFigures(runs, record)}${parts[0]!.body}` }, ...parts.slice(1)];
}

/**
 * The page of a run.
 * @param wanted the epoch that is shown in full; by default the one chosen for all data sets, or the last one
 * @throws one line when the epoch was not tested
 */
export async function runPage(record: RunRecord, wanted?: number): Promise<string> {
  const { folder, test, training, tree } = record;
  const parts = await testParts(record, wanted);
  if (training) {
    const body = html`<section id="training"><h2>Training</h2><div class="charts">${lossCharts([{ name: 'loss', training }])}</div>${lossTable(training)}</section>`;
    parts.push({ id: 'training', name: 'Training', body });
  }
  const facts = runFacts(record);
  if (facts.length > 0) {
    const body = html`<section id="settings"><h2>Settings</h2>${facts}</section>`;
    parts.push({ id: 'settings', name: 'Settings', body });
  }
  const items = parts.map(({ id, name }) => html`<li><a href="#${id}">${name}</a></li>`);
  const title = `${tree ? 'Test of all data sets' : test ? 'Test' : 'Training'} in ${folder}`;
  const links = html`<nav aria-label="Parts of this page"><ul>${items}</ul></nav>`;
  return page(title, [links, ...parts.map(({ body }) => body)]);
}
