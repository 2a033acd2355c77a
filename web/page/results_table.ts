/** The table of all pictures, and the files that are made of it. */
import { byId, make, show } from './elements.js';
import { text } from './language.js';
import { makeRow } from './long_table.js';
import type { Entry, PictureQueue } from './picture_queue.js';
import { failureTitle } from './result_panel.js';
import { isFaulty, scoreOf, type Threshold } from './verdict.js';

function stateWords(entry: Entry, threshold: Threshold): string {
  if (entry.report) return text(isFaulty(entry.report, threshold) ? 'faulty' : 'good');
  if (entry.failure && entry.state === 'failed') return failureTitle(entry.failure);
  return text(entry.state === 'running' ? 'stateRunning' : entry.state === 'waiting' ? 'stateWaiting' : 'stateStopped');
}

/** Rows that one task changes: of 500 at once, the layout alone would take too long. */
const ROWS_AT_ONCE = 100;

interface Row {
  readonly element: HTMLTableRowElement;
  readonly name: HTMLButtonElement;
  readonly score: HTMLElement;
  readonly state: HTMLElement;
  readonly peak: HTMLElement;
  /** What it says now, in one string. */
  shows: string;
}

const rows = new WeakMap<Entry, Row>();

function rowOf(entry: Entry, queue: PictureQueue): Row {
  const name = make('button', { type: 'button', className: 'link' }, entry.name);
  name.addEventListener('click', () => queue.select(entry));
  const [score, state, peak] = [make('td', { className: 'number' }), make('td'), make('td', { className: 'number' })];
  const element = makeRow(name, make('td', {}, entry.className), score, state, peak);
  const row = { element, name, score, state, peak, shows: '' };
  rows.set(entry, row);
  return row;
}

/** Brings the row of a picture up to date. @returns whether it was not */
function refreshRow(row: Row, entry: Entry, current: boolean, threshold: Threshold): boolean {
  const { report } = entry;
  const kind = report ? (isFaulty(report, threshold) ? 'faulty' : 'good') : '';
  const words = stateWords(entry, threshold);
  const shows = `${kind} ${current} ${words}`;
  if (row.shows === shows) return false;
  row.shows = shows;
  row.element.dataset.kind = kind;
  if (current) row.name.setAttribute('aria-current', 'true');
  else row.name.removeAttribute('aria-current');
  row.score.textContent = report ? scoreOf(report).toFixed(4) : '';
  row.state.textContent = words;
  row.peak.textContent = report ? `${report.peak.value.toFixed(2)} (${report.peak.x}, ${report.peak.y})` : '';
  return true;
}

let rest: number | undefined;

/** Brings the rows up to date: some of them now, the others in tasks of their own. */
function refreshRows(queue: PictureQueue, threshold: Threshold): void {
  clearTimeout(rest);
  const { entries, selected } = queue;
  const body = byId('rows', HTMLElement);
  let changed = 0;
  for (const [i, entry] of entries.entries()) {
    if (changed >= ROWS_AT_ONCE) {
      rest = setTimeout(refreshRows, 0, queue, threshold);
      break;
    }
    const row = rows.get(entry) ?? rowOf(entry, queue);
    if (refreshRow(row, entry, entry === selected, threshold)) changed++;
    const there = body.children[i];
    if (there === row.element) continue;
    const focused = there?.contains(document.activeElement);
    if (there) there.replaceWith(row.element);
    else body.append(row.element);
    // The row of a picture that is scored again: the keyboard stays where it was.
    if (focused) row.name.focus();
  }
  while (body.children.length > entries.length) body.lastElementChild?.remove();
}

export function showTable(queue: PictureQueue, threshold: Threshold): void {
  const { entries } = queue;
  show(byId('list', HTMLElement), entries.length > 0);
  show(byId('stop', HTMLElement), queue.busy);
  refreshRows(queue, threshold);
  const failed = entries.filter(({ state }) => state === 'failed').length;
  const done = entries.filter(({ state }) => state === 'done').length + failed;
  const count = text(failed > 0 ? 'listFailed' : 'listCount', { done, all: entries.length, failed });
  const counted = byId('list-count', HTMLElement);
  if (counted.textContent !== count) counted.textContent = count;
}

/** A picture as a record, with the names that `aaclip predict --json` uses. */
function record(entry: Entry, threshold: Threshold): Record<string, unknown> {
  const { name, className, report, failure } = entry;
  if (!report) return { image: name, class: className, error: failure?.message ?? entry.state };
  const { score, imageScore, peak, width, height, model } = report;
  return {
    image: name,
    class: className,
    ...(model.unknownWords.length > 0 ? { unknown_words: model.unknownWords } : {}),
    adapted: model.adapted,
    img_size: model.imageSize,
    score,
    normalized_score: scoreOf(report),
    anomalous: isFaulty(report, threshold),
    decided_by: threshold.own ? { source: 'hand', threshold: threshold.value } : decidedBy(report),
    image_score: imageScore,
    peak: { value: peak.value, x: peak.x, y: peak.y },
    width,
    height,
  };
}

const decidedBy = ({ decision: { source, rule } }: NonNullable<Entry['report']>) => ({ source, rule });

export const asJson = (entries: readonly Entry[], threshold: Threshold): string =>
  `${JSON.stringify(
    entries.map((entry) => record(entry, threshold)),
    null,
    1,
  )}\n`;

const COLUMNS = 'image,class,score,normalized_score,image_score,peak,peak_x,peak_y,anomalous,error'.split(',');

/** A line of names, then a line for each picture; cells that need it are quoted. */
export function asCsv(entries: readonly Entry[], threshold: Threshold): string {
  const lines = entries.map((entry) => {
    const { peak, ...rest } = record(entry, threshold);
    const { value, x, y } = (peak ?? {}) as { value?: number; x?: number; y?: number };
    const cells: Record<string, unknown> = { ...rest, peak: value, peak_x: x, peak_y: y };
    return COLUMNS.map((column) => quoted(cells[column] ?? ''));
  });
  return [COLUMNS, ...lines].map((cells) => `${cells.join(',')}\r\n`).join('');
}

/** A spreadsheet would run a cell that begins with one of these as a formula; an apostrophe has it shown as text. */
function quoted(value: unknown): string {
  const cell = typeof value === 'string' ? value.replace(/^(?=[=+\-@\t\r])/, "'") : String(value);
  return /[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
