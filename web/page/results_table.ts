/** The table of all pictures, and the files that are made of it. */
import { byId, make, show } from './elements.js';
import { text } from './language.js';
import type { Entry, PictureQueue } from './picture_queue.js';
import { failureTitle } from './result_panel.js';
import { isFaulty, scoreOf, type Threshold } from './verdict.js';

function stateWords(entry: Entry, threshold: Threshold): string {
  if (entry.report) return text(isFaulty(entry.report, threshold) ? 'faulty' : 'good');
  if (entry.failure && entry.state === 'failed') return failureTitle(entry.failure);
  return text(entry.state === 'running' ? 'stateRunning' : entry.state === 'waiting' ? 'stateWaiting' : 'stateStopped');
}

/** The row of each picture, with what it shows. */
const rows = new WeakMap<Entry, { readonly element: HTMLTableRowElement; readonly shows: string }>();

/** The row of a picture: the one there is, unless it would show something else now. */
function rowOf(entry: Entry, queue: PictureQueue, threshold: Threshold): HTMLTableRowElement {
  const { report } = entry;
  const kind = report ? (isFaulty(report, threshold) ? 'faulty' : 'good') : '';
  const current = entry === queue.selected;
  const words = stateWords(entry, threshold);
  const shows = `${kind} ${current} ${words}`;
  const before = rows.get(entry);
  if (before?.shows === shows) return before.element;
  const name = make('button', { type: 'button', className: 'link' }, entry.name);
  name.addEventListener('click', () => queue.select(entry));
  if (current) name.setAttribute('aria-current', 'true');
  const peak = report ? `${report.peak.value.toFixed(2)} (${report.peak.x}, ${report.peak.y})` : '';
  const element = make(
    'tr',
    {},
    make('th', { scope: 'row' }, name),
    make('td', {}, entry.className),
    make('td', { className: 'number' }, report ? scoreOf(report).toFixed(4) : ''),
    make('td', {}, words),
    make('td', { className: 'number' }, peak),
  );
  element.dataset.kind = kind;
  rows.set(entry, { element, shows });
  return element;
}

export function showTable(queue: PictureQueue, threshold: Threshold): void {
  const { entries } = queue;
  show(byId('list', HTMLElement), entries.length > 0);
  show(byId('stop', HTMLElement), queue.busy);
  const body = byId('rows', HTMLElement);
  for (const [i, entry] of entries.entries()) {
    const element = rowOf(entry, queue, threshold);
    const there = body.children[i];
    if (there === element) continue;
    const focused = there?.contains(document.activeElement);
    if (there) there.replaceWith(element);
    else body.append(element);
    // A row that was made again: the keyboard stays where it was.
    if (focused) element.querySelector('button')?.focus();
  }
  while (body.children.length > entries.length) body.lastElementChild?.remove();
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
