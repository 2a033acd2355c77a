/** Our figures beside the published ones. */
import {
  PROTOCOL,
  PUBLISHED_AVERAGES,
  PUBLISHED_PICTURES,
  PUBLISHED_ROWS,
  type PublishedFigures,
  type PublishedShot,
  SOURCES,
} from '../../data/published_figures.js';
import { tableLines } from '../../eval/text_table.js';
import { csvText, FIGURE_COLUMNS, type FigureKey, markdownTable } from '../table_files.js';
import type { SetState } from '../test_all/best_epoch.js';
import { type Spread, type Spreads, type SweptSet, spreadOf, spreadsOf, spreadText } from '../train/sweep_summary.js';

/** One figure of a data set. */
export interface ComparedFigure {
  /** Undefined for the average over data sets. */
  readonly trainedOn: string | undefined;
  readonly dataset: string;
  readonly figure: FigureKey;
  readonly ours: Spread;
  readonly published: number | undefined;
  /** Ours less the published figure, in points. */
  readonly difference: number | undefined;
  readonly source: string | undefined;
}

/** What a part of the protocol left. */
export interface PartFigures {
  readonly train: string;
  readonly sets: readonly SweptSet[];
  readonly states: readonly SetState[];
  /** Pictures in the list that was trained on or drawn from. */
  readonly pictures: number;
}

export interface Comparison {
  readonly rows: readonly ComparedFigure[];
  /** Why figures are not compared with published ones. */
  readonly notes: readonly string[];
}

export interface CompareOptions {
  readonly shot: PublishedShot | undefined;
  /** Why nothing can be compared; undefined where it can. */
  readonly refusal: string | undefined;
  /** Which settings are not as published. */
  readonly settings: string | undefined;
}

const counted = (dataset: string, pictures: number): string =>
  `${pictures} pictures of ${dataset}, not on the published ${PUBLISHED_PICTURES[dataset]}`;

/** Why the figures of a data set are not those of the published list. */
function incomplete(dataset: string, { train, pictures, states }: PartFigures): string | undefined {
  if (pictures !== PUBLISHED_PICTURES[train]) return `trained on ${counted(train, pictures)}`;
  const images = states.find(({ name }) => name === dataset)?.runs[0]?.images ?? 0;
  return images === PUBLISHED_PICTURES[dataset] ? undefined : `tested on ${counted(dataset, images)}`;
}

function compared(
  [trainedOn, dataset]: readonly [string | undefined, string],
  figures: Partial<Spreads>,
  published: PublishedFigures,
  source: string | undefined,
): ComparedFigure[] {
  return FIGURE_COLUMNS.flatMap(([figure]): ComparedFigure[] => {
    const [ours, theirs] = [figures[figure], published[figure]];
    if (ours === undefined || ours.mean === null) return [];
    const difference = theirs === undefined ? undefined : ours.mean - theirs;
    return [
      {
        trainedOn,
        dataset,
        figure,
        ours,
        published: theirs,
        difference,
        source: theirs === undefined ? undefined : source,
      },
    ];
  });
}

/** The paper's averages, where every data set of both parts was tested in full. */
function averages(parts: readonly PartFigures[], shot: PublishedShot): ComparedFigure[] {
  const published = PUBLISHED_AVERAGES[shot];
  const wanted = PROTOCOL.flatMap(({ train, test }) => test.map((dataset) => ({ train, dataset })));
  const sets = wanted.flatMap(({ train, dataset }) => {
    const part = parts.find((p) => p.train === train);
    const set = part?.sets.find((s) => s.dataset === dataset);
    return part && set && incomplete(dataset, part) === undefined ? [set] : [];
  });
  if (published === undefined || sets.length < wanted.length) return [];
  const mean = (key: FigureKey): Spread => {
    const means = sets.map(({ seeds }) => spreadsOf(seeds.map((s) => s.average))[key].mean).filter((v) => v !== null);
    return spreadOf([spreadOf(means).mean!]);
  };
  const ours = { pixelAuc: mean('pixelAuc'), imageAuc: mean('imageAuc') };
  return compared([undefined, 'Average'], ours, published, SOURCES.paper);
}

/** Puts the figures of the parts beside the published ones of that number of shots. */
export function compare(parts: readonly PartFigures[], { shot, refusal, settings }: CompareOptions): Comparison {
  const notes = [refusal, settings].filter((line) => line !== undefined);
  const rows = parts.flatMap((part) =>
    part.sets.flatMap((set) => {
      const { dataset } = set;
      const row = PUBLISHED_ROWS.find((r) => r.dataset === dataset && r.shot === shot);
      const why = incomplete(dataset, part);
      if (refusal === undefined && why !== undefined) notes.push(`${dataset}: not compared: ${why}`);
      const known = refusal === undefined && why === undefined ? row : undefined;
      const figures = spreadsOf(set.seeds.map((s) => s.average));
      return compared([part.train, dataset], figures, known?.figures ?? {}, known && SOURCES[known.source]);
    }),
  );
  return { rows: refusal === undefined && shot !== undefined ? [...rows, ...averages(parts, shot)] : rows, notes };
}

/** A difference of more points than this is marked. */
const MARKED = 1;

const HEAD = ['trained on', 'data set', 'figure', 'ours', 'published', 'difference'];
const TITLES = Object.fromEntries(FIGURE_COLUMNS.map(([key, title]) => [key, title])) as Record<FigureKey, string>;

function cells({ trainedOn, dataset, figure, ours, published, difference }: ComparedFigure): string[] {
  const sign = difference === undefined ? '-' : `${difference < 0 ? '' : '+'}${difference.toFixed(2)}`;
  const mark = Math.abs(difference ?? 0) > MARKED ? ' *' : '';
  return [
    ...[trainedOn ?? '', dataset, TITLES[figure], spreadText(ours)],
    ...[published?.toFixed(2) ?? '-', `${sign}${mark}`],
  ];
}

/** What the columns of a table mean. */
export function legend({ rows, notes }: Comparison): string[] {
  const sources = [...new Set(rows.flatMap(({ source }) => source ?? []))];
  return [
    `Per cent; ± is the sample standard deviation (n - 1) over seeds. "*": more than ${MARKED} point from the published figure; "-": not published, or not compared.`,
    ...notes,
    ...sources.map((source) => `Published: ${source}.`),
  ];
}

export function comparisonText({ rows }: Comparison): string {
  return tableLines(HEAD, rows.map(cells), ['left', 'left', 'left', 'right']).join('\n');
}

export function comparisonMarkdown(comparison: Comparison): string {
  const table = markdownTable(HEAD, comparison.rows.map(cells), HEAD.slice(3));
  return [...table, ...legend(comparison).flatMap((line) => ['', line])].join('\n');
}

export function comparisonCsv({ rows }: Comparison): string {
  const lines = rows.map(({ trainedOn, dataset, figure, ours, published, difference, source }) => [
    ...[trainedOn ?? '', dataset, figure, String(ours.n), String(ours.mean), String(ours.std ?? '')],
    ...[String(published ?? ''), difference?.toFixed(4) ?? '', source ?? ''],
  ]);
  const head = ['trained_on', 'dataset', 'figure', 'n', 'mean', 'std', 'published', 'difference', 'source'];
  return csvText([head, ...lines]);
}
