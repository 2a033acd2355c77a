/**
 * Tables of hundreds of rows (class `long`): each row is laid out by itself, and only while it is in sight. Browsers may not take
 * what is laid out so for a table: its parts are told what they are.
 */
import { each, make } from './elements.js';

const ROLES: Readonly<Record<string, string>> = {
  table: 'table',
  thead: 'rowgroup',
  tbody: 'rowgroup',
  tr: 'row',
  th: 'columnheader',
};

export function startLongTables(): void {
  each('.long, .long *', (element) => {
    element.role = ROLES[element.localName] ?? null;
  });
}

/** Makes a row for such a table. */
export function makeRow(head: Node | string, ...cells: readonly HTMLTableCellElement[]): HTMLTableRowElement {
  for (const cell of cells) cell.role = 'cell';
  return make('tr', { role: 'row' }, make('th', { scope: 'row', role: 'rowheader' }, head), ...cells);
}
