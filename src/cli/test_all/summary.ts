/** The summary of all data sets: as the published program's text, for spreadsheets, for a paper, and for programs. */
import { CONFIDENCE } from '../../eval/intervals.js';
import type { Figures } from '../../eval/metrics.js';
import { epochsText, type NamedFigures, namedText } from '../../eval/report.js';
import { type Choice, chooseEpoch, type EpochRow, epochRows, type SetState } from './best_epoch.js';
import { type Epoch, type RunIdentity, SUMMARY } from './results_tree.js';

export interface Summary {
  readonly run: RunIdentity;
  readonly states: readonly SetState[];
  readonly rows: readonly EpochRow[];
  readonly choice: Choice | undefined;
}

/** @param epochs those that were asked for, in their order */
export function summarise(run: RunIdentity, states: readonly SetState[], epochs: readonly Epoch[]): Summary {
  const rows = epochRows(states, epochs);
  return { run, states, rows, choice: chooseEpoch(rows) };
}

/** The row of the chosen epoch. */
const chosen = ({ rows, choice }: Summary): EpochRow | undefined => rows.find(({ epoch }) => epoch === choice?.epoch);

/** Classes with figures, and those that the registry knows where these are more. */
function classCount({ known, runs }: SetState): string {
  const count = runs[0]?.classes.length ?? 0;
  return count < known ? `${count} of ${known}` : String(count);
}

/** The tables of the chosen epoch and of all epochs, for the terminal and `summary.txt`. */
export function summaryTables(summary: Summary): string {
  const row = chosen(summary);
  if (!row) return '';
  const { rows, choice } = summary;
  const parts = [`Epoch: ${row.epoch}. ${choice!.how}`, namedText('data set', [...row.datasets, ...row.averages])];
  if (rows.length > 1) {
    const mark = (e: EpochRow): NamedFigures => [e === row ? `best ${e.epoch}` : String(e.epoch), e.average];
    parts.push(epochsText(rows.map(mark)));
  }
  return parts.join('\n\n');
}

const LINE = '='.repeat(60);

function text(summary: Summary): string {
  const { states } = summary;
  const count = (state: SetState['state']): number => states.filter((s) => s.state === state).length;
  const lines = [
    ...['TEST SUMMARY', LINE, `Total datasets: ${states.length}`, `Successful tests: ${count('SUCCESS')}`],
    `Failed tests: ${count('FAILED')}`,
    `Not found: ${count('NOT FOUND')}`,
  ];
  if (count('PENDING') > 0) lines.push(`Not tested yet: ${count('PENDING')}`);
  lines.push(LINE, 'Detailed results:');
  for (const { name, state, why } of states) lines.push(`${name}: ${state}${why === undefined ? '' : `: ${why}`}`);
  const tables = summaryTables(summary);
  return [...lines, ...(tables === '' ? [] : [LINE, tables])].join('\n');
}

const KEYS = ['pixelAuc', 'pixelAp', 'imageAuc', 'imageAp'] as const satisfies readonly (keyof Figures)[];
const cells = (figures: Figures | undefined, none: string): string[] =>
  KEYS.map((key) => figures?.[key]?.toFixed(2) ?? none);

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** A line for each data set and epoch, and for each average. */
function csv({ states, rows, choice }: Summary): string {
  const head = 'epoch,best,dataset,domain,state,classes,images,pixel_auc,pixel_ap,image_auc,image_ap';
  const lines = rows.flatMap(({ epoch, averages }) => {
    const start = [String(epoch), epoch === choice?.epoch ? 'best' : ''];
    const sets = states.map((one) => {
      const run = one.runs.find((r) => r.epoch === epoch);
      const counts = run ? [String(run.classes.length), String(run.images)] : ['', ''];
      return [...start, one.name, one.domain, one.state, ...counts, ...cells(run?.average, '')];
    });
    return [...sets, ...averages.map(([name, figures]) => [...start, name, '', '', '', '', ...cells(figures, '')])];
  });
  return [head, ...lines.map((line) => line.map(quoted).join(','))].join('\n');
}

const escaped = (cell: string): string => cell.replaceAll('|', '\\|');
const bold = (cell: string): string => `**${cell}**`;

const FIGURES = ['pixel AUROC', 'pixel AP', 'image AUROC', 'image AP'];
const NUMBERS = ['classes', ...FIGURES];

function markdownTable(head: readonly string[], lines: readonly (readonly string[])[]): string[] {
  const row = (line: readonly string[]): string => `| ${line.map(escaped).join(' | ')} |`;
  const rule = head.map((title) => (NUMBERS.includes(title) ? '---:' : '---'));
  return [row(head), row(rule), ...lines.map(row)];
}

/** The intervals of each data set's averages, where they were asked for. */
function intervalLines(states: readonly SetState[], epoch: Epoch): string[] {
  const rows = states.flatMap(({ name, runs }) => {
    const intervals = runs.find((r) => r.epoch === epoch)?.averageIntervals;
    return intervals ? [[name, ...KEYS.map((key) => intervals[key]?.map((v) => v.toFixed(2)).join('–') ?? 'n/a')]] : [];
  });
  if (rows.length === 0) return [];
  const about = `${CONFIDENCE}% confidence intervals of the averages over classes, in per cent.`;
  return ['## Intervals', '', about, '', ...markdownTable(['data set', ...FIGURES], rows), ''];
}

/** The table for a paper: the chosen epoch, in per cent. */
function markdown(summary: Summary): string {
  const { run, states, rows, choice } = summary;
  const row = chosen(summary);
  const lines = ['# All data sets', ''];
  if (row && choice) {
    const sets = row.datasets.map(([name, figures]) => {
      const one = states.find((s) => s.name === name)!;
      return [name, one.domain, classCount(one), ...cells(figures, '–')];
    });
    const means = row.averages.map(([name, figures]) => [name, '', '', ...cells(figures, '–')]);
    const [all] = means.splice(-1);
    const body = [...sets, ...means, all!.map((cell) => (cell === '' ? cell : bold(cell)))];
    lines.push(...markdownTable(['data set', 'domain', 'classes', ...FIGURES], body), '');
    lines.push(`Epoch: ${row.epoch}. ${choice.how}`, '');
    lines.push(
      'Figures in per cent; averages are plain means over classes, then over data sets. "–": all pictures have one label, or there are no masks.',
      '',
    );
    if (rows.length > 1) {
      const epochs = rows.map((e) => [String(e.epoch), ...cells(e.average, '–')]);
      const marked = epochs.map((line, i) => (rows[i] === row ? line.map(bold) : line));
      lines.push('## Epochs', '', 'Averages over data sets; the best epoch is in bold type.', '');
      lines.push(...markdownTable(['epoch', ...FIGURES], marked), '');
    }
  }
  if (row) lines.push(...intervalLines(states, row.epoch));
  const others = states.filter(({ state }) => state !== 'SUCCESS');
  if (others.length > 0) lines.push('## Without figures', '');
  for (const { name, state, why } of others) {
    lines.push(`- ${escaped(name)}: ${state.toLowerCase()}${why === undefined ? '' : `: ${why}`}`);
  }
  if (others.length > 0) lines.push('');
  lines.push('## Tested with', '', '```json', JSON.stringify(run, null, 1), '```');
  return lines.join('\n');
}

/** All files of a summary. */
export function summaryFiles(summary: Summary): Record<string, unknown> {
  const { run, states, rows, choice } = summary;
  const named = (figures: readonly NamedFigures[]) => figures.map(([name, values]) => ({ name, ...values }));
  const datasets = states.map(({ name, domain, state, why, known, runs }) => {
    const epochs = runs.map(({ epoch, images, average, averageIntervals: intervals }) => ({
      ...{ epoch, images, ...average },
      ...(intervals ? { intervals } : {}),
    }));
    return { dataset: name, domain, state, why, classes: runs[0]?.classes.length ?? 0, knownClasses: known, epochs };
  });
  const epochs = rows.map(({ epoch, averages }) => ({
    epoch,
    best: epoch === choice?.epoch,
    averages: named(averages),
  }));
  return {
    [SUMMARY]: { run, choice: choice ?? null, datasets, epochs },
    'summary.txt': text(summary),
    'summary.csv': csv(summary),
    'summary.md': markdown(summary),
  };
}
