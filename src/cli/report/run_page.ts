/** The page of one run, or of all data sets: figures, curves, pictures, losses, settings. */
import { originLine, testedFacts, testTiles, trainingTiles } from './key_figures.js';
import { html } from './markup.js';
import { allSetsSection, epochSection } from './overview.js';
import { type PageHead, type Part, page } from './page.js';
import type { PlacedRun, RunRecord } from './read_run.js';
import { lossCharts, lossTable, runFacts } from './run_facts.js';
import { datasetSection } from './set_section.js';
import { chosenEpoch, type Epoch, epochName, epochsOf } from './shown_epoch.js';
import { TERMS_PART } from './terms.js';

/** Pictures that are shown in all, of which every class has its share. */
const SHOWN = 80;

/** The runs at the epoch that is shown. */
interface Shown {
  readonly epoch: Epoch | undefined;
  readonly runs: readonly PlacedRun[];
}

async function testParts(record: RunRecord, { epoch, runs }: Shown): Promise<Part[]> {
  const { test, tree } = record;
  const linked = runs.map((run, i) => ({ run, id: `set${i + 1}` }));
  const classes = runs.reduce((sum, r) => sum + r.classes.length, 0);
  const most = Math.min(4, Math.max(1, Math.floor(SHOWN / (2 * classes))));
  const parts: Part[] = [];
  if (tree || runs.length > 1) parts.push({ id: 'all', name: 'All data sets', body: allSetsSection(linked, record) });
  if (test && epoch !== undefined && epochsOf(test).length > 1)
    parts.push({ id: 'epochs', name: 'Epochs', body: epochSection(record, epoch) });
  for (const { run, id } of linked)
    parts.push({ id, name: run.dataset, body: await datasetSection(run, most, runs.length > 1) });
  return parts;
}

/** The most data sets that are named in a title. */
const NAMED = 3;

function headOf(record: RunRecord, { epoch, runs }: Shown): PageHead {
  const { folder, test, training } = record;
  if (test) {
    const names = [...new Set(runs.map((r) => r.dataset))];
    const what = names.length > NAMED || names.length === 0 ? `${names.length} data sets` : names.join(', ');
    return {
      title: `Test of ${what}`,
      of: folder,
      facts: [
        folder,
        ...(epoch === undefined ? [] : [epochName(epoch)]),
        ...testedFacts(runs),
        ...originLine(test.origin),
      ],
      ...(epoch === undefined ? {} : { summary: testTiles(runs, epoch, record) }),
    };
  }
  const { flags, origin } = training?.record ?? {};
  const { dataset } = flags ?? {};
  return {
    title: typeof dataset === 'string' ? `Training on ${dataset}` : 'Training',
    of: folder,
    facts: [folder, ...originLine(origin)],
    summary: training && trainingTiles(training),
  };
}

/**
 * The page of a run.
 * @param wanted the epoch that is shown in full; by default the one chosen for all data sets, or the last one
 * @throws one line when the epoch was not tested
 */
export async function runPage(record: RunRecord, wanted?: number): Promise<string> {
  const { test, training } = record;
  const epoch = chosenEpoch(record, wanted);
  const shown = { epoch, runs: test?.runs.filter((r) => r.epoch === epoch) ?? [] };
  const parts = await testParts(record, shown);
  if (training) {
    const charts = lossCharts([{ name: 'loss', training }]);
    const body = html`<h2>Training</h2><div class="charts">${charts}</div>${lossTable(training)}`;
    parts.push({ id: 'training', name: 'Training', body });
  }
  const facts = runFacts(record);
  if (facts.length > 0) parts.push({ id: 'settings', name: 'Settings', body: html`<h2>Settings</h2>${facts}` });
  if (shown.runs.length > 0) parts.push(TERMS_PART);
  return page(headOf(record, shown), parts);
}
