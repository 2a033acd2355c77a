/**
 * The list of a data set's samples: one JSON object per line, `{"image_path", "label", "class_name", "mask_path"?, "defect_type"?}`.
 */
import { foreignKind } from './foreign_lists.js';
import { showValue } from './show_value.js';

export interface Sample {
  /** Relative to the data set's folder, like the mask's path. */
  readonly imagePath: string;
  /** 0 normal, 1 abnormal. */
  readonly label: 0 | 1;
  readonly className: string;
  /** Absent for normal pictures, and for abnormal pictures without a mask. */
  readonly maskPath?: string;
  /** The type of defect of an abnormal picture, where the list gives it. */
  readonly defectType?: string;
  /** Line of the list, from 1, for messages. */
  readonly line: number;
}

const KEYS = '{"image_path", "label", "class_name", "mask_path"?}';

function readSample(row: unknown, line: number, fail: (problem: string) => Error): Sample {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw fail(`not a sample: expected one object ${KEYS}, got ${showValue(row)}`);
  }
  const { image_path, label, class_name, mask_path, defect_type } = row as Readonly<Record<string, unknown>>;
  const wrong = (key: string, expected: string, got: unknown) =>
    fail(`bad "${key}": expected ${expected}, got ${showValue(got)}`);
  if (typeof image_path !== 'string' || image_path.trim() === '') throw wrong('image_path', 'a path', image_path);
  if (label !== 0 && label !== 1) throw wrong('label', '0 or 1', label);
  // A number has lost its leading zeros ("01"), so it is refused instead of being turned into text.
  if (typeof class_name !== 'string' || class_name.trim() === '') {
    throw wrong('class_name', 'a name in quotation marks', class_name);
  }
  const untold = defect_type === undefined || defect_type === null || defect_type === '';
  if (!untold && typeof defect_type !== 'string') throw wrong('defect_type', 'a name in quotation marks', defect_type);
  const type = typeof defect_type === 'string' && !untold ? { defectType: defect_type } : {};
  const sample = { imagePath: image_path, label, className: class_name, ...type, line } as const;
  if (mask_path === undefined || mask_path === null || mask_path === '') return sample;
  if (typeof mask_path !== 'string') throw wrong('mask_path', 'a path', mask_path);
  return { ...sample, maskPath: mask_path };
}

/** A line's value; a comma at its end is one of a list that was copied out of an array. */
function parseLine(text: string, fail: (problem: string) => Error): unknown {
  try {
    return JSON.parse(text.trim().replace(/,$/, ''));
  } catch {
    const single = /^\s*\{\s*'/.test(text) ? ': write quotation marks as "' : '';
    throw fail(`not JSON: expected one object ${KEYS}, got ${showValue(text)}${single}`);
  }
}

/** The entries of a file that is one array; undefined for any other. */
function wholeArray(text: string): unknown[] | undefined {
  if (!/^\s*\[/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) && value.every((v) => typeof v === 'object') ? value : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Parses the text of a `.jsonl` list. Labels may be written 1 or 1.0; a byte-order mark, CR LF, empty lines, commas behind
 * the objects and a last line without a line feed are accepted, as is one array of objects; other keys are ignored.
 * @param file name of the list in messages
 * @throws one line that begins with file and line (or, in an array, the number of the entry)
 */
export function parseMetadata(file: string, text: string): Sample[] {
  const clean = text.replace(/^\ufeff/, '');
  const kind = foreignKind(clean);
  if (kind !== undefined) {
    throw new Error(
      `${file}: ${kind}, not a list with a line for each sample: convert it with "aaclip index DATA_FOLDER --from ${file} --out FOLDER"`,
    );
  }
  const samples: Sample[] = [];
  const add = (row: (fail: (problem: string) => Error) => unknown, line: number): void => {
    const fail = (problem: string): Error => new Error(`${file}:${line}: ${problem}`);
    samples.push(readSample(row(fail), line, fail));
  };
  const array = wholeArray(clean);
  if (array) array.forEach((value, i) => void add(() => value, i + 1));
  else {
    clean.split(/\r\n|\n|\r/).forEach((row, i) => {
      if (row.trim() !== '') add((fail) => parseLine(row, fail), i + 1);
    });
  }
  if (samples.length === 0) throw new Error(`${file}: empty list: expected one object per line ${KEYS}`);
  return samples;
}

/** Samples by class, classes in the order of their first sample. */
export function byClass<T extends { readonly className: string }>(samples: readonly T[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const s of samples) {
    const group = groups.get(s.className);
    if (group) group.push(s);
    else groups.set(s.className, [s]);
  }
  return groups;
}
