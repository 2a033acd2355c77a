/** Tables as plain text. */

/** How a column's cells stand in it. */
export type Alignment = 'left' | 'right' | 'centre';

function align(text: string, width: number, how: Alignment): string {
  if (how === 'left') return text.padEnd(width);
  if (how === 'right') return text.padStart(width);
  const left = Math.floor((width - text.length) / 2);
  return text.padStart(left + text.length).padEnd(width);
}

/**
 * The lines of a table: columns as wide as their widest cell, two blanks between them, no blanks at the end.
 * @param head a title a column
 * @param rows as many cells each as there are titles
 * @param columns how the cells of each column stand; the last one given holds for the columns after it
 * @param titles how the titles stand, likewise; by default as their columns' cells
 */
export function tableLines(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  columns: readonly Alignment[],
  titles: readonly Alignment[] = columns,
): string[] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[], how: readonly Alignment[]): string =>
    cells
      .map((cell, i) => align(cell, widths[i]!, how[Math.min(i, how.length - 1)]!))
      .join('  ')
      .trimEnd();
  return [line(head, titles), ...rows.map((row) => line(row, columns))];
}
