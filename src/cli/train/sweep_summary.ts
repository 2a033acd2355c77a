/** Mean and deviation of the figures over the seeds of a sweep. */
import { average } from '../../eval/average.js';
import type { Figures } from '../../eval/metrics.js';
import { tableLines } from '../../eval/text_table.js';
import { csvText, FIGURE_COLUMNS, type FigureKey, markdownTable } from '../table_files.js';
import { TRAINED_ON } from '../test_all/trained_on.js';

/** The figures of a data set with the adapters of one seed. */
export interface SeedFigures {
  readonly seed: number;
  readonly average: Figures;
  readonly classes: readonly ({ readonly className: string } & Figures)[];
}

/** A data set that was tested, seed by seed. */
export interface SweptSet {
  readonly dataset: string;
  /** Whether the adapters were trained on it. */
  readonly trainedOn: boolean;
  readonly seeds: readonly SeedFigures[];
}

/** A figure over the seeds that have it. */
export interface Spread {
  readonly n: number;
  readonly mean: number | null;
  /** Sample standard deviation, n - 1 in its denominator; null for fewer than two seeds. */
  readonly std: number | null;
  readonly values: readonly number[];
}

export type Spreads = Readonly<Record<FigureKey, Spread>>;

/** @param values in per cent, as figures are */
export function spreadOf(values: readonly number[]): Spread {
  const n = values.length;
  if (n === 0) return { n, mean: null, std: null, values };
  const mean = values.reduce((sum, v) => sum + v, 0) / n;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { n, mean, std: n < 2 ? null : Math.sqrt(squares / (n - 1)), values };
}

export function spreadsOf(figures: readonly Figures[]): Spreads {
  const of = (key: FigureKey): Spread => spreadOf(figures.map((f) => f[key]).filter((v) => v !== null));
  return { pixelAuc: of('pixelAuc'), pixelAp: of('pixelAp'), imageAuc: of('imageAuc'), imageAp: of('imageAp') };
}

export interface SweepRow {
  readonly name: string;
  /** Whether the adapters were trained on this data set. */
  readonly trainedOn: boolean;
  /** Seeds with these figures. */
  readonly n: number;
  readonly figures: Spreads;
}

/** The average over data sets of every seed that has them all. */
function seedAverages(sets: readonly SweptSet[]): Figures[] {
  const [first, ...others] = sets.map(({ seeds }) => seeds.map((s) => s.seed));
  const common = first!.filter((seed) => others.every((seeds) => seeds.includes(seed)));
  return common.map((seed) => average(sets.map(({ seeds }) => seeds.find((s) => s.seed === seed)!.average)));
}

/**
 * A row for each data set; for several, also for their average, which is taken for each seed first, and for that of the data
 * sets that the adapters were not trained on, where there are both.
 */
export function sweepRows(sets: readonly SweptSet[]): SweepRow[] {
  const row = (name: string, figures: readonly Figures[], trainedOn = false): SweepRow => {
    return { name, trainedOn, n: figures.length, figures: spreadsOf(figures) };
  };
  const rows = sets.map(({ dataset, seeds, trainedOn }) => {
    const figures = seeds.map((s) => s.average);
    return row(dataset, figures, trainedOn);
  });
  const unseen = sets.filter((set) => !set.trainedOn);
  if (unseen.length > 0 && unseen.length < sets.length) rows.push(row('Average, zero-shot', seedAverages(unseen)));
  if (sets.length > 1) rows.push(row('Average', seedAverages(sets)));
  return rows;
}

/** `91.88 ± 0.31`; without deviation where there is a single seed, "-" where the data cannot give the figure. */
export function spreadText({ mean, std }: Spread): string {
  if (mean === null) return '-';
  return std === null ? mean.toFixed(2) : `${mean.toFixed(2)} ± ${std.toFixed(2)}`;
}

const HEAD = ['data set', 'n', ...FIGURE_COLUMNS.map(([, title]) => title)];
const cells = ({ name, trainedOn, n, figures }: SweepRow): string[] => [
  trainedOn ? `${name} (${TRAINED_ON})` : name,
  String(n),
  ...FIGURE_COLUMNS.map(([key]) => spreadText(figures[key])),
];

/** What the numbers of a table are. */
export function sweepNote(seeds: readonly number[], epoch: number): string {
  return `Per cent, epoch ${epoch}: mean ± sample standard deviation (n - 1) over ${seeds.length === 1 ? 'the seed' : `${seeds.length} seeds:`} ${seeds.join(', ')}. n: seeds tested so far.`;
}

export function sweepText(rows: readonly SweepRow[]): string {
  return tableLines(HEAD, rows.map(cells), ['right'], ['centre']).join('\n');
}

export function sweepMarkdown(rows: readonly SweepRow[], seeds: readonly number[], epoch: number): string {
  return [...markdownTable(HEAD, rows.map(cells), HEAD.slice(1)), '', sweepNote(seeds, epoch)].join('\n');
}

/** A line for each data set and seed, and two for the mean and the deviation. */
export function sweepCsv(sets: readonly SweptSet[], epoch: number): string {
  const line = (dataset: string, seed: string, of: (key: FigureKey) => number | null): string[] => [
    ...[dataset, seed, String(epoch)],
    ...FIGURE_COLUMNS.map(([key]) => String(of(key) ?? '')),
  ];
  const lines = sets.flatMap(({ dataset, seeds }) =>
    seeds.map(({ seed, average: figures }) => line(dataset, String(seed), (key) => figures[key])),
  );
  const sums = sweepRows(sets).flatMap(({ name, figures }) => [
    line(name, 'mean', (key) => figures[key].mean),
    line(name, 'std', (key) => figures[key].std),
  ]);
  return csvText([['dataset', 'seed', 'epoch', ...FIGURE_COLUMNS.map(([, , name]) => name)], ...lines, ...sums]);
}
