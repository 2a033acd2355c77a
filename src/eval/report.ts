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

/**
 * The table of `test.log`: class name and four figures in per cent, last the plain average over classes. A figure the data
 * cannot give is "-"; what figures need to be said about stands below.
 */
export function reportText(rows: readonly ClassRow[]): string {
  const figures = (name: string, of: Figures): string[] => [
    name,
    ...COLUMNS.map(([, key]) => of[key]?.toFixed(2) ?? '-'),
  ];
  const cells = [
    ...rows.map((r) => figures(r.className, r.figures)),
    figures('Average', average(rows.map((r) => r.figures))),
  ];
  const head = ['class name', ...COLUMNS.map(([title]) => title)];
  const widths = head.map((title, i) => Math.max(title.length, ...cells.map((row) => row[i]!.length)));
  const lines = [
    head
      .map((title, i) => centred(title, widths[i]!))
      .join('  ')
      .trimEnd(),
    ...cells.map((row) => row.map((cell, i) => cell.padStart(widths[i]!)).join('  ')),
  ];
  for (const { className, figures } of rows) for (const note of figures.notes) lines.push(`${className}: ${note}`);
  return lines.join('\n');
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
