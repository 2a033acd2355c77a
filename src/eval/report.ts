/** The table of a test: a row for each class and their average, as text in the published columns and as JSON. */
import { average } from './average.js';
import type { ClassFigures, Figures } from './metrics.js';
import { tableLines } from './text_table.js';

export interface ClassRow {
  readonly className: string;
  readonly figures: ClassFigures;
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

const share = (x: number | undefined): string => (x === undefined ? '-' : (100 * x).toFixed(2));

/**
 * What the published table lacks: the area under per-region overlap and the best F1 in per cent, with the thresholds that
 * give it, in the units of maps and of a class's image scores.
 */
export function moreFiguresText(rows: readonly ClassRow[]): string {
  const cells = rows.map(({ className, figures: { pixelAupro, pixelF1, imageF1 } }) => [
    className,
    pixelAupro?.toFixed(2) ?? '-',
    ...[pixelF1, imageF1].flatMap((best) => [share(best?.f1), best?.threshold.toFixed(4) ?? '-']),
  ]);
  const titles = ['class name', 'pixel AUPRO', 'pixel F1', 'at map value', 'image F1', 'at image score'];
  return tableLines(titles, cells, ['right'], ['centre']).join('\n');
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

/** The same for programs: all figures, counts and best thresholds of each class, and the average. */
export function reportJson(rows: readonly ClassRow[]): {
  readonly classes: readonly ({ readonly className: string } & ClassFigures)[];
  readonly average: Figures;
} {
  return {
    classes: rows.map(({ className, figures }) => ({ className, ...figures })),
    average: average(rows.map((r) => r.figures)),
  };
}
