/** What `index` writes and prints. */
import { join } from 'node:path';
import { metadataText, type SampleRow } from '../../data/index_folder.js';
import { printable } from '../../data/printable.js';
import { tableLines } from '../../eval/text_table.js';
import { writeAtomically } from '../../node/atomic_write.js';
import { makeFolder } from '../../node/make_folder.js';

export interface WrittenList {
  readonly file: string;
  readonly samples: number;
}

/** Writes lists by name into a folder, which is created if it is missing. */
export async function writeLists(
  folder: string,
  lists: ReadonlyMap<string, readonly SampleRow[]>,
): Promise<WrittenList[]> {
  makeFolder(folder);
  const files: WrittenList[] = [];
  for (const [name, rows] of lists) {
    const file = join(folder, name);
    await writeAtomically(file, new TextEncoder().encode(metadataText(rows)));
    files.push({ file, samples: rows.length });
  }
  return files;
}

interface ClassCounts {
  readonly className: string;
  readonly normal: number;
  readonly abnormal: number;
  readonly masks: number;
}

function countsOf(rows: readonly SampleRow[]): ClassCounts[] {
  return [...new Set(rows.map((r) => r.className))].map((className) => {
    const own = rows.filter((r) => r.className === className);
    const abnormal = own.reduce((sum, r) => sum + r.label, 0);
    return { className, normal: own.length - abnormal, abnormal, masks: own.filter((r) => r.maskPath).length };
  });
}

export interface IndexReport {
  readonly root: string;
  readonly files: readonly WrittenList[];
  /** Samples of the whole list. */
  readonly rows: readonly SampleRow[];
  readonly notes: readonly string[];
}

export function printIndex({ root, files, rows, notes }: IndexReport, json: boolean): void {
  const classes = countsOf(rows);
  if (json) {
    process.stdout.write(`${JSON.stringify({ root, files, classes, notes })}\n`);
    return;
  }
  const cells = classes.map((c) => [c.className, ...[c.normal, c.abnormal, c.masks].map(String)]);
  const table = tableLines(['class', 'normal', 'abnormal', 'masks'], cells, ['left', 'right']);
  const written = files.map(({ file, samples }) => `${file}: ${samples} samples`);
  process.stdout.write([...table, '', ...[...notes, ...written].map(printable), ''].join('\n'));
}
