/** What `index` writes and prints. */
import { join } from 'node:path';
import type { FolderGuess } from '../../data/index_guesses.js';
import { metadataText, type SampleRow } from '../../data/index_rows.js';
import { byClass } from '../../data/metadata.js';
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
  return [...byClass(rows)].map(([className, own]) => {
    const abnormal = own.reduce((sum, r) => sum + r.label, 0);
    return { className, normal: own.length - abnormal, abnormal, masks: own.filter((r) => r.maskPath).length };
  });
}

/** Most lines of the table of folders. */
const MOST_FOLDERS = 40;

/** What was made of each folder, for the user to look over. */
function folderTable(folders: readonly FolderGuess[]): string[] {
  const cells = folders
    .slice(0, MOST_FOLDERS)
    .map(({ name, taken, files, reason }) => [name, taken, reason, String(files)]);
  const more = folders.length > MOST_FOLDERS ? [`(and ${folders.length - MOST_FOLDERS} more)`] : [];
  const table = tableLines(['folder', 'taken as', 'because of', 'files'], cells, ['left', 'left', 'left', 'right']);
  return folders.length === 0 ? [] : ['', ...table, ...more];
}

export interface IndexReport {
  readonly root: string;
  readonly files: readonly WrittenList[];
  /** Samples of the whole list. */
  readonly rows: readonly SampleRow[];
  /** What was guessed of the folders. */
  readonly folders: readonly FolderGuess[];
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
}

export function printIndex({ root, files, rows, folders, notes, warnings }: IndexReport, json: boolean): void {
  const classes = countsOf(rows);
  if (json) {
    process.stdout.write(`${JSON.stringify({ root, files, classes, folders, notes, warnings })}\n`);
    return;
  }
  const cells = classes.map((c) => [c.className, ...[c.normal, c.abnormal, c.masks].map(String)]);
  const table = tableLines(['class', 'normal', 'abnormal', 'masks'], cells, ['left', 'right']);
  const written = files.map(({ file, samples }) => `${file}: ${samples} samples`);
  const told = [...warnings.map((w) => `warning: ${w}`), ...notes, ...written].map(printable);
  process.stdout.write([...table, ...folderTable(folders), '', ...told, ''].join('\n'));
}
