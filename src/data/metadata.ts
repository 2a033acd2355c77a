/**
 * The list of a data set's samples: one JSON object per line, `{"image_path", "label", "class_name", "mask_path"?}`.
 */
import { showValue } from './show_value.js';

export interface Sample {
  /** Relative to the data set's folder, like the mask's path. */
  readonly imagePath: string;
  /** 0 normal, 1 abnormal. */
  readonly label: 0 | 1;
  readonly className: string;
  /** Absent for normal pictures, and for abnormal pictures without a mask. */
  readonly maskPath?: string;
  /** Line of the list, from 1, for messages. */
  readonly line: number;
}

const KEYS = '{"image_path", "label", "class_name", "mask_path"?}';

function readSample(text: string, line: number, fail: (problem: string) => Error): Sample {
  let row: unknown;
  try {
    row = JSON.parse(text);
  } catch {
    throw fail(`not JSON: expected one object ${KEYS}, got ${showValue(text)}`);
  }
  if (typeof row !== 'object' || row === null || Array.isArray(row)) {
    throw fail(`not a sample: expected one object ${KEYS}, got ${showValue(row)}`);
  }
  const { image_path, label, class_name, mask_path } = row as Readonly<Record<string, unknown>>;
  const wrong = (key: string, expected: string, got: unknown) =>
    fail(`bad "${key}": expected ${expected}, got ${showValue(got)}`);
  if (typeof image_path !== 'string' || image_path.trim() === '') throw wrong('image_path', 'a path', image_path);
  if (label !== 0 && label !== 1) throw wrong('label', '0 or 1', label);
  // A number has lost its leading zeros ("01"), so it is refused instead of being turned into text.
  if (typeof class_name !== 'string' || class_name.trim() === '') {
    throw wrong('class_name', 'a name in quotation marks', class_name);
  }
  const sample = { imagePath: image_path, label, className: class_name, line } as const;
  if (mask_path === undefined || mask_path === null || mask_path === '') return sample;
  if (typeof mask_path !== 'string') throw wrong('mask_path', 'a path', mask_path);
  return { ...sample, maskPath: mask_path };
}

/**
 * Parses the text of a `.jsonl` list. Labels may be written 1 or 1.0; a byte-order mark, CR LF, empty lines and a last line
 * without a line feed are accepted; other keys are ignored.
 * @param file name of the list in messages
 * @throws one line that begins with file and line
 */
export function parseMetadata(file: string, text: string): Sample[] {
  const samples: Sample[] = [];
  text
    .replace(/^\ufeff/, '')
    .split(/\r\n|\n|\r/)
    .forEach((row, i) => {
      if (row.trim() === '') return;
      samples.push(readSample(row, i + 1, (problem) => new Error(`${file}:${i + 1}: ${problem}`)));
    });
  if (samples.length === 0) throw new Error(`${file}: empty list: expected one object per line ${KEYS}`);
  return samples;
}

/** Samples by class, classes in the order of their first sample. */
export function byClass(samples: readonly Sample[]): Map<string, Sample[]> {
  const groups = new Map<string, Sample[]>();
  for (const s of samples) {
    const group = groups.get(s.className);
    if (group) group.push(s);
    else groups.set(s.className, [s]);
  }
  return groups;
}
