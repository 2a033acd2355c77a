/** Tables as plain text. */
import { printable } from '../data/printable.js';

/** Where a cell's text is within its column. */
export type Alignment = 'left' | 'right' | 'centre';

function align(text: string, width: number, how: Alignment): string {
  if (how === 'left') return text.padEnd(width);
  if (how === 'right') return text.padStart(width);
  const left = Math.floor((width - text.length) / 2);
  return text.padStart(left + text.length).padEnd(width);
}

/**
 * The lines of a table: columns as wide as their widest cell, two blanks between them, no blanks at the end.
 * @param head a title for each column
 * @param cells rows with a cell for each column
 * @param columns alignment of each column's cells; the last one given applies to all columns after it
 * @param titles alignment of the titles, likewise; by default the cells' alignment
 */
export function tableLines(
  head: readonly string[],
  cells: readonly (readonly string[])[],
  columns: readonly Alignment[],
  titles: readonly Alignment[] = columns,
): string[] {
  // Names of classes come from folders and lists.
  const rows = cells.map((row) => row.map(printable));
  const widths = head.map((title, i) => rows.reduce((most, row) => Math.max(most, row[i]!.length), title.length));
  const line = (row: readonly string[], how: readonly Alignment[]): string =>
    row
      .map((cell, i) => align(cell, widths[i]!, how[Math.min(i, how.length - 1)]!))
      .join('  ')
      .trimEnd();
  return [line(head, titles), ...rows.map((row) => line(row, columns))];
}
