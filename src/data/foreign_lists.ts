/** Lists that other programs write: AnomalyCLIP's and AdaCLIP's `meta.json`, anomalib's and VisA's CSV, UniAD's JSON lines. */
import { csvRows } from './csv.js';
import { counted, type SampleRow } from './index_rows.js';
import { readName } from './index_words.js';
import { showValue } from './show_value.js';

/** Keys and titles by what they hold, the surest first. */
const NAMES = {
  image: ['image_path', 'img_path', 'image', 'img', 'filename', 'file_name', 'filepath', 'file_path', 'path', 'file'],
  mask: ['mask_path', 'maskname', 'mask_name', 'mask', 'gt_path', 'ground_truth', 'mask_file'],
  class: ['class_name', 'cls_name', 'clsname', 'class', 'object', 'category', 'product'],
  label: ['label_index', 'anomaly', 'is_anomaly', 'label', 'label_name', 'target', 'state', 'defect'],
  defect: ['specie_name', 'defect_type', 'anomaly_class'],
  split: ['split', 'phase', 'subset', 'set'],
} as const;

type Column = keyof typeof NAMES;

/** An entry of a foreign list; `at` is its place in the file, for messages. */
interface Entry {
  readonly at: string;
  readonly split: string | undefined;
  readonly className: string | undefined;
  readonly cells: ReadonlyMap<string, unknown>;
}

const plain = (title: string): string => title.trim().toLowerCase().replaceAll(/[\s-]/g, '_');

function cell({ cells }: Entry, column: Column): unknown {
  const name = NAMES[column].find((n) => cells.has(n) && cells.get(n) !== '' && cells.get(n) !== null);
  return name === undefined ? undefined : cells.get(name);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const entryOf = (at: string, value: Readonly<Record<string, unknown>>): Entry => ({
  at,
  split: undefined,
  className: undefined,
  cells: new Map(Object.entries(value).map(([k, v]) => [plain(k), v])),
});

/** Entries of `{"test": {"bolt": [...]}}`, of `{"bolt": [...]}` or of an array. */
function nested(value: unknown, names: readonly string[], file: string): Entry[] {
  const at = `${file}: ${names.join(', ') || 'the list'}`;
  if (Array.isArray(value)) {
    return value.map((item, i) => {
      if (!isObject(item)) throw new Error(`${at}, entry ${i + 1}: expected an object, got ${showValue(item)}`);
      const [split, className] = names.length > 1 ? names : [undefined, names[0]];
      return { ...entryOf(`${at}, entry ${i + 1}`, item), split, className };
    });
  }
  if (!isObject(value) || names.length > 1)
    throw new Error(`${at}: expected a list of samples, got ${showValue(value)}`);
  return Object.entries(value).flatMap(([name, inner]) => nested(inner, [...names, name], file));
}

function entriesOf(file: string, text: string): Entry[] {
  const json = /^\s*[[{]/.test(text);
  if (!json) {
    const [head, ...rows] = csvRows(text);
    const titles = head?.cells.map(plain) ?? [];
    if (!titles.some((t) => NAMES.image.some((n) => n === t))) {
      throw new Error(
        `${file}: no column of pictures: expected a title such as ${NAMES.image.slice(0, 3).join(', ')}, got ${showValue(titles.join(', '))}`,
      );
    }
    return rows.map(({ line, cells }) => ({
      at: `${file}:${line}`,
      split: undefined,
      className: undefined,
      cells: new Map(titles.map((title, i) => [title, cells[i] ?? ''])),
    }));
  }
  let whole: unknown;
  try {
    whole = JSON.parse(text);
  } catch {
    return text.split(/\r\n|\n|\r/).flatMap((row, i) => {
      if (row.trim() === '') return [];
      let value: unknown;
      try {
        value = JSON.parse(row.trim().replace(/,$/, ''));
      } catch {
        throw new Error(`${file}:${i + 1}: not JSON: expected one object, got ${showValue(row)}`);
      }
      if (!isObject(value)) throw new Error(`${file}:${i + 1}: expected one object, got ${showValue(value)}`);
      return [entryOf(`${file}:${i + 1}`, value)];
    });
  }
  if (isObject(whole) && Object.keys(whole).some((k) => NAMES.image.some((n) => n === plain(k)))) {
    return [entryOf(`${file}:1`, whole)];
  }
  return nested(whole, [], file);
}

/** 0 or 1 where a value says so; undefined for a word such as "crack", which says so only beside words for good. */
function stateOf(value: unknown): 0 | 1 | undefined {
  if (typeof value === 'boolean') return value ? 1 : 0;
  const text = String(value).trim().toLowerCase();
  if (/^[01](?:\.0*)?$/.test(text)) return text.startsWith('0') ? 0 : 1;
  if (text === 'true' || text === 'false') return text === 'true' ? 1 : 0;
  return readName(text).state;
}

export interface ForeignList {
  readonly rows: readonly SampleRow[];
  readonly notes: readonly string[];
}

/**
 * Reads a list of another program.
 * @param text the list as text
 * @param split part of the data to list; `all` for all of it; by default the test part where there is one
 * @param className class of the entries that name none
 * @throws one line with the entry's place for what is missing or cannot be read
 */
export function foreignRows(file: string, text: string, split: string | undefined, className: string): ForeignList {
  const entries = entriesOf(file, text.replace(/^\ufeff/, ''));
  const splits = entries.map((e) => e.split ?? (cell(e, 'split') as string | undefined));
  const known = [...new Set(splits.filter((s) => s !== undefined))];
  const wanted = split ?? (known.includes('test') ? 'test' : 'all');
  if (wanted !== 'all' && !known.includes(wanted)) {
    throw new Error(`${file}: --split: expected one of ${[...known, 'all'].join(', ')}, got ${showValue(wanted)}`);
  }
  const chosen = entries.filter((_, i) => wanted === 'all' || splits[i] === wanted);
  if (chosen.length === 0) throw new Error(`${file}: no samples: expected a list of pictures, each with a label`);
  const labels = chosen.map((e) => cell(e, 'label'));
  const states = labels.map(stateOf);
  const normalNamed = states.includes(0);
  const rows = chosen.map((entry, i): SampleRow => {
    const image = cell(entry, 'image');
    const mask = cell(entry, 'mask');
    if (typeof image !== 'string')
      throw new Error(`${entry.at}: no picture: expected ${NAMES.image[0]}, got ${showValue(image)}`);
    // A kind of defect is abnormal where other entries are called good.
    const label = states[i] ?? (typeof labels[i] === 'string' && normalNamed ? 1 : undefined);
    if (label === undefined) {
      throw new Error(
        `${entry.at}: bad label: expected 0, 1, or a word such as good or bad, got ${showValue(labels[i])}`,
      );
    }
    const named = cell(entry, 'class') ?? entry.className;
    const base = { imagePath: slashes(image), label, className: named === undefined ? className : String(named) };
    if (label === 0) return base;
    const type = cell(entry, 'defect') ?? (states[i] === undefined ? labels[i] : undefined);
    return {
      ...base,
      ...(typeof mask === 'string' ? { maskPath: slashes(mask) } : {}),
      ...(typeof type === 'string' ? { defectType: type } : {}),
    };
  });
  const left = entries.length - chosen.length;
  return {
    rows,
    notes:
      left > 0
        ? [
            `${counted(left, 'sample')} of other parts than ${wanted} ${left === 1 ? 'is' : 'are'} left out (--split all)`,
          ]
        : [],
  };
}

const slashes = (path: string): string => path.trim().replaceAll('\\', '/');

/** What kind of foreign list a text is; undefined where it is none. */
export function foreignKind(text: string): string | undefined {
  const start = text
    .slice(0, 4096)
    .replace(/^\ufeff/, '')
    .trimStart();
  // A list of our own may have any other keys.
  if (/^\{[^\n]*"image_path"/.test(start)) return undefined;
  const keys = (names: readonly string[]): RegExp => new RegExp(`^\\{\\s*"(?:${names.join('|')})"\\s*:`);
  if (/^\{\s*"[^"]*"\s*:\s*[[{]/.test(start)) return 'a meta.json such as AnomalyCLIP reads';
  if (keys(['filename', 'img_path', 'clsname']).test(start)) return "another program's list of samples";
  if (/^[[{]/.test(start)) return undefined;
  const titles = csvRows(start.split(/[\r\n]/, 1)[0] ?? '')[0]?.cells.map(plain) ?? [];
  return titles.length > 1 && titles.some((t) => NAMES.image.some((n) => n === t)) ? 'a table (CSV)' : undefined;
}
