/** The table of a test: a row for each class and their average, as text in the published columns and as JSON. */
import { average } from './average.js';
import type { Intervals } from './intervals.js';
import type { ClassFigures, Figures, PartFigures } from './metrics.js';
import { tableLines } from './text_table.js';

/** The faulty pictures of one type against all good ones of the class. */
export interface DefectRow extends PartFigures {
  /** Null for pictures of which the type is not known. */
  readonly defect: string | null;
  readonly abnormalImages: number;
}

export interface ClassIntervals extends Intervals {
  /** The share of resamples that an interval covers, in per cent. */
  readonly confidence: number;
  readonly resamples: number;
  readonly seed: number;
  /** How far figures had from bins were from the exact ones, in per cent. */
  readonly binError: number;
}

/** Of the mean over classes. */
export type AverageIntervals = Intervals;

export interface ClassRow {
  readonly className: string;
  readonly figures: ClassFigures;
  readonly intervals?: ClassIntervals;
  readonly defects?: readonly DefectRow[];
}

const COLUMNS = [
  ['pixel AUC', 'pixelAuc'],
  ['pixel AP', 'pixelAp'],
  ['image AUC', 'imageAuc'],
  ['image AP', 'imageAp'],
] as const satisfies readonly (readonly [string, keyof Figures])[];

export type NamedFigures = readonly [name: string, figures: Figures];

/** The rows and their plain average. */
function averaged(rows: readonly NamedFigures[]): NamedFigures[] {
  return [...rows, ['Average', average(rows.map(([, figures]) => figures))]];
}

/** A row for each name; an unknown figure is "-". */
function figureLines(title: string, rows: readonly NamedFigures[]): string[] {
  const cells = rows.map(([name, figures]) => [name, ...COLUMNS.map(([, key]) => figures[key]?.toFixed(2) ?? '-')]);
  return tableLines([title, ...COLUMNS.map(([column]) => column)], cells, ['right'], ['centre']);
}

/**
 * The table of `test.log`: class name and four figures in per cent, and the plain average over classes in the last row. A
 * figure that the data cannot give is "-"; notes on the figures follow below.
 */
export function reportText(rows: readonly ClassRow[]): string {
  const named = rows.map((r): NamedFigures => [r.className, r.figures]);
  const lines = figureLines('class name', averaged(named));
  for (const { className, figures } of rows) for (const note of figures.notes) lines.push(`${className}: ${note}`);
  return lines.join('\n');
}

/** Rows of the published columns as they are, averages among them. */
export function namedText(title: string, rows: readonly NamedFigures[]): string {
  return figureLines(title, rows).join('\n');
}

/** Averages of several data sets, and their plain average. */
export function datasetsText(rows: readonly NamedFigures[]): string {
  return figureLines('data set', averaged(rows)).join('\n');
}

/** Averages of several epochs. */
export function epochsText(rows: readonly NamedFigures[]): string {
  return figureLines('epoch', rows).join('\n');
}

/** A class as results hold it. */
export type ClassResult = ClassFigures & Omit<ClassRow, 'figures'>;

/** The same for programs: all figures, counts and best thresholds of each class, and the average. */
export function reportJson(rows: readonly ClassRow[]): {
  readonly classes: readonly ClassResult[];
  readonly average: Figures;
} {
  return {
    classes: rows.map(({ className, figures, ...further }) => ({ className, ...figures, ...further })),
    average: average(rows.map((r) => r.figures)),
  };
}
