/** The table of a test: a row a class and their average, as text in the published columns and as JSON. */
import { average, type ClassFigures, type Figures } from './metrics.js';

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

function centred(text: string, width: number): string {
  const left = Math.floor((width - text.length) / 2);
  return text.padStart(left + text.length).padEnd(width);
}

export type NamedFigures = readonly [name: string, figures: Figures];

/** The rows and their plain average. */
function averaged(rows: readonly NamedFigures[]): NamedFigures[] {
  return [...rows, ['Average', average(rows.map(([, of]) => of))]];
}

/** Lines of a table; a figure that is not known is "-". */
function tableLines(title: string, rows: readonly NamedFigures[]): string[] {
  const cells = rows.map(([name, of]) => [name, ...COLUMNS.map(([, key]) => of[key]?.toFixed(2) ?? '-')]);
  const head = [title, ...COLUMNS.map(([column]) => column)];
  const widths = head.map((text, i) => Math.max(text.length, ...cells.map((row) => row[i]!.length)));
  return [
    head
      .map((text, i) => centred(text, widths[i]!))
      .join('  ')
      .trimEnd(),
    ...cells.map((row) => row.map((cell, i) => cell.padStart(widths[i]!)).join('  ')),
  ];
}

/**
 * The table of `test.log`: class name and four figures in per cent, last the plain average over classes. A figure the data
 * cannot give is "-"; what figures need to be said about stands below.
 */
export function reportText(rows: readonly ClassRow[]): string {
  const named = rows.map((r): NamedFigures => [r.className, r.figures]);
  const lines = tableLines('class name', averaged(named));
  for (const { className, figures } of rows) for (const note of figures.notes) lines.push(`${className}: ${note}`);
  return lines.join('\n');
}

/** Averages of several data sets, and their plain average. */
export function datasetsText(rows: readonly NamedFigures[]): string {
  return tableLines('data set', averaged(rows)).join('\n');
}

/** Averages of several epochs. */
export function epochsText(rows: readonly NamedFigures[]): string {
  return tableLines('epoch', rows).join('\n');
}

/** The same for programs: every figure, counts and best thresholds of each class, and the average. */
export function reportJson(rows: readonly ClassRow[]): {
  readonly classes: readonly ({ readonly className: string } & ClassFigures)[];
  readonly average: Figures;
} {
  return {
    classes: rows.map(({ className, figures }) => ({ className, ...figures })),
    average: average(rows.map((r) => r.figures)),
  };
}
