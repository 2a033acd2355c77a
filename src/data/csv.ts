/** Tables as text: comma, semicolon or tab between cells, quotation marks as spreadsheets write them. */

/** The rows of a table with the line, from 1, that each begins on; empty lines are left out. */
export function csvRows(text: string): { readonly line: number; readonly cells: readonly string[] }[] {
  const head = text.slice(0, Math.max(0, text.search(/[\r\n]|$/)));
  const counts = [',', ';', '\t'].map((mark) => ({ mark, count: head.split(mark).length }));
  const { mark } = counts.reduce((best, next) => (next.count > best.count ? next : best));
  const rows: { line: number; cells: string[] }[] = [];
  let cells: string[] = [];
  let cell = '';
  let quoted = false;
  let [line, start] = [1, 1];
  const endCell = (): void => {
    cells.push(cell.trim());
    cell = '';
  };
  const endRow = (): void => {
    endCell();
    if (cells.some((c) => c !== '')) rows.push({ line: start, cells });
    cells = [];
    start = line;
  };
  for (let i = 0; i < text.length; i++) {
    const ch = text[i]!;
    if (ch === '\n' || (ch === '\r' && text[i + 1] !== '\n')) line++;
    if (quoted) {
      if (ch !== '"') cell += ch;
      else if (text[i + 1] === '"') cell += text[i++];
      else quoted = false;
    } else if (ch === '"' && cell.trim() === '') {
      quoted = true;
      cell = '';
    } else if (ch === mark) endCell();
    else if (ch === '\n' || ch === '\r') {
      if (ch === '\n' || text[i + 1] !== '\n') endRow();
    } else cell += ch;
  }
  endRow();
  return rows;
}
