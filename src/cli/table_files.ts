/** Tables of figures for spreadsheets and papers. */

/** The published figures: their key, their title in a table, their name in a CSV file. */
export const FIGURE_COLUMNS = [
  ['pixelAuc', 'pixel AUROC', 'pixel_auc'],
  ['pixelAp', 'pixel AP', 'pixel_ap'],
  ['imageAuc', 'image AUROC', 'image_auc'],
  ['imageAp', 'image AP', 'image_ap'],
] as const;

export type FigureKey = (typeof FIGURE_COLUMNS)[number][0];

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);

/** A CSV file's text, without the last line break. */
export function csvText(lines: readonly (readonly string[])[]): string {
  return lines.map((line) => line.map(quoted).join(',')).join('\n');
}

/** Text that stands in a cell of a Markdown table. */
export const escaped = (cell: string): string => cell.replaceAll('|', '\\|');

/** Lines of a Markdown table. @param numbers titles of the columns that are aligned right */
export function markdownTable(
  head: readonly string[],
  lines: readonly (readonly string[])[],
  numbers: readonly string[],
): string[] {
  const row = (line: readonly string[]): string => `| ${line.map(escaped).join(' | ')} |`;
  const rule = head.map((title) => (numbers.includes(title) ? '---:' : '---'));
  return [row(head), `| ${rule.join(' | ')} |`, ...lines.map(row)];
}
