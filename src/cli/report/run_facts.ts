/** Settings, versions and times of runs, and the losses of a training. */
import { duration } from '../progress.js';
import { figureOf, lineChart } from './charts.js';
import { NONE, scrolled } from './figure_tables.js';
import type { Origin } from './kept_results.js';
import { html, type Markup } from './markup.js';
import type { LossRow, RunRecord, TrainingLosses } from './read_run.js';

/** The most points of a curve of losses; more are averaged in groups. */
const MOST = 300;

/** A setting as text. */
function shown(value: unknown): string {
  if (value === undefined || value === null) return NONE;
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** `2026-01-31 12:00 UTC`; other texts stay as they are. */
export const moment = (iso: unknown): string => shown(iso).replace(/^(\d{4}-\d\d-\d\d)T(\d\d:\d\d):.*Z$/, '$1 $2 UTC');

type Facts = ReadonlyMap<string, string>;

/** Where and when a run took place. */
function originFacts(origin: Partial<Origin>): Facts {
  const { adapter, aaclip, node, started, ended } = origin;
  const seconds = origin.seconds ?? (started && ended ? (Date.parse(ended) - Date.parse(started)) / 1000 : Number.NaN);
  return new Map([
    ['adapter', shown(adapter)],
    ['aaclip', shown(aaclip)],
    ['Node', shown(node)],
    ['started', moment(started)],
    ['time', Number.isFinite(seconds) ? duration(seconds) : NONE],
  ]);
}

/** Rows of facts, a column for each run. */
function factTable(name: string, columns: readonly string[], facts: readonly Facts[]): Markup {
  const keys = [...new Set(facts.flatMap((f) => [...f.keys()]))];
  const rows = keys.map(
    (key) => html`<tr><th scope="row">${key}</th>${facts.map((f) => html`<td>${f.get(key) ?? NONE}</td>`)}</tr>`,
  );
  const heads = columns.map((c) => html`<th scope="col" class="word">${c}</th>`);
  return scrolled(
    name,
    html`<table class="settings"><caption>${name}</caption><thead><tr><th scope="col">Setting</th>${heads}</tr></thead><tbody>${rows}</tbody></table>`,
  );
}

const flagFacts = (flags: Readonly<Record<string, unknown>>): Facts =>
  new Map(Object.entries(flags).map(([name, value]) => [name, shown(value)]));

/** Settings and origin of a run's test and training. */
export function runFacts({ test, training }: RunRecord): Markup[] {
  const tables: Markup[] = [];
  if (test)
    tables.push(factTable('Test', ['Value'], [new Map([...flagFacts(test.settings), ...originFacts(test.origin)])]));
  const { flags, origin } = training?.record ?? {};
  if (flags || origin) {
    tables.push(factTable('Training', ['Value'], [new Map([...flagFacts(flags ?? {}), ...originFacts(origin ?? {})])]));
  }
  return tables;
}

/** What differs between the settings of several runs. */
export function differences(names: readonly string[], runs: readonly RunRecord[]): Markup | undefined {
  const facts = runs.map(({ test, training }) => {
    const trained = flagFacts(training?.record.flags ?? {});
    return new Map([
      ...(test ? [...flagFacts(test.settings), ...originFacts(test.origin)] : []),
      ...[...trained].map(([key, value]) => [`train: ${key}`, value] as const),
    ]);
  });
  const keys = [...new Set(facts.flatMap((f) => [...f.keys()]))];
  const differing = keys.filter((key) => new Set(facts.map((f) => f.get(key))).size > 1);
  if (differing.length === 0) return undefined;
  const rows = facts.map((f) => new Map(differing.map((key) => [key, f.get(key) ?? NONE] as const)));
  return factTable('Settings that differ', names, rows);
}

/** Means of groups of neighbours. */
function thinned(rows: readonly LossRow[]): { x: number[]; y: number[] } {
  const size = Math.ceil(rows.length / MOST);
  const [x, y]: [number[], number[]] = [[], []];
  for (let i = 0; i < rows.length; i += size) {
    const part = rows.slice(i, i + size);
    x.push(part.reduce((sum, r) => sum + r.step, 0) / part.length);
    y.push(part.reduce((sum, r) => sum + r.loss, 0) / part.length);
  }
  return { x, y };
}

const stagesOf = ({ losses }: TrainingLosses): string[] => [...new Set(losses.map((l) => l.stage))];

/** A chart of losses for each stage, a line for each run. */
export function lossCharts(
  runs: readonly { readonly name: string; readonly training?: TrainingLosses | undefined }[],
): Markup[] {
  const stages = [...new Set(runs.flatMap(({ training }) => (training ? stagesOf(training) : [])))];
  return stages.map((stage) => {
    const series = runs.map(({ name, training }) => ({
      name,
      points: thinned(training?.losses.filter((l) => l.stage === stage) ?? []),
    }));
    const title = `Loss of the ${stage} stage`;
    return figureOf(title, lineChart(title, { label: 'step', whole: true }, { label: 'loss' }, series));
  });
}

/** The mean loss of each epoch of each stage; `epoch` counts from 0. */
export function meanLosses(training: TrainingLosses): {
  readonly stage: string;
  readonly epoch: number;
  readonly steps: number;
  readonly mean: number;
}[] {
  return stagesOf(training).flatMap((stage) => {
    const losses = training.losses.filter((l) => l.stage === stage);
    return [...new Set(losses.map((l) => l.epoch))].map((epoch) => {
      const of = losses.filter((l) => l.epoch === epoch);
      return { stage, epoch, steps: of.length, mean: of.reduce((sum, l) => sum + l.loss, 0) / of.length };
    });
  });
}

/** The mean loss of each epoch, as a table. */
export function lossTable(training: TrainingLosses): Markup {
  const rows = meanLosses(training).map(
    ({ stage, epoch, steps, mean }) =>
      html`<tr><th scope="row">${stage}, epoch ${epoch + 1}</th><td>${steps}</td><td>${mean.toFixed(5)}</td></tr>`,
  );
  const name = 'Mean loss of each epoch';
  return scrolled(
    name,
    html`<table><caption>${name}</caption><thead><tr><th scope="col">Stage</th><th scope="col">Steps</th><th scope="col">Mean loss</th></tr></thead><tbody>${rows}</tbody></table>`,
  );
}
