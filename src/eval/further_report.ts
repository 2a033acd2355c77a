/** The tables of a test that the published one lacks, as text. */
import { FIGURES, type FigureName, type Interval, type Intervals } from './intervals.js';
import type { AverageIntervals, ClassRow, DefectRow } from './report.js';
import { tableLines } from './text_table.js';

/** Titles of all figures, in the order of `FIGURES`. */
const TITLES = ['pixel AUC', 'pixel AP', 'image AUC', 'image AP', 'pixel AUPRO', 'pixel F1', 'image F1'];

const NONE = 'n/a';
const share = (x: number | undefined, none = '-'): string => (x === undefined ? none : (100 * x).toFixed(2));

/**
 * The area under per-region overlap and the best F1 in per cent, with the thresholds that give it, in the units of maps and
 * of a class's image scores.
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

const figureText = (row: DefectRow, name: FigureName): string => {
  if (name === 'pixelF1' || name === 'imageF1') return share(row[name]?.f1, NONE);
  return row[name]?.toFixed(2) ?? NONE;
};

/** A row for each type of defect of each class, in per cent; empty where none was asked for. */
function defectsText(rows: readonly ClassRow[]): string[] {
  const cells = rows.flatMap(({ className, defects = [] }) =>
    defects.map((row) => [
      ...[className, row.defect ?? '(unknown)', String(row.abnormalImages)],
      ...FIGURES.map((name) => figureText(row, name)),
    ]),
  );
  if (cells.length === 0) return [];
  const titles = ['class name', 'defect', 'pictures', ...TITLES];
  return [
    ['types of defect, each against all normal pictures', ...tableLines(titles, cells, ['right'], ['centre'])].join(
      '\n',
    ),
  ];
}

const intervalText = (interval: Interval): string =>
  interval === null ? NONE : interval.map((v) => v.toFixed(2)).join('-');

/** A row of intervals for each class and for the mean over classes; empty where none was asked for. */
function intervalsText(rows: readonly ClassRow[], mean: AverageIntervals | undefined): string[] {
  const named = rows.flatMap(({ className, intervals }): [string, Intervals][] =>
    intervals ? [[className, intervals]] : [],
  );
  if (named.length === 0) return [];
  const all = [...named, ...(mean ? [['Average', mean] as const] : [])];
  const cells = all.map(([name, intervals]) => [name, ...FIGURES.map((key) => intervalText(intervals[key]))]);
  const { confidence, resamples, seed } = rows.find(({ intervals }) => intervals)!.intervals!;
  const off = Math.max(...rows.map(({ intervals }) => intervals?.binError ?? 0));
  return [
    [
      `${confidence}% intervals from ${resamples} resamples of the pictures of each class, seed ${seed}`,
      ...tableLines(['class name', ...TITLES], cells, ['right'], ['centre']),
      ...(named.some(([, { pixelAuc }]) => pixelAuc)
        ? [
            `pixels are counted in bins for the intervals: figures had from these differ from the exact ones by ${off.toFixed(4)} at most`,
          ]
        : []),
    ].join('\n'),
  ];
}

/** The tables that flags ask for: types of defect, intervals. */
export function askedForText(rows: readonly ClassRow[], mean: AverageIntervals | undefined): string[] {
  return [...defectsText(rows), ...intervalsText(rows, mean)];
}
