/** Writes pages. What draws charts is loaded only here: commands start faster without it. */
import { join } from 'node:path';
import { writeAtomically } from '../../node/atomic_write.js';
import { lineOf } from '../endings.js';
import { readFolder } from './read_folder.js';

export const PAGE = 'report.html';

/**
 * Writes the page of a run, or of several side by side.
 * @throws one line when a folder has nothing to report, an epoch was not tested, or the file cannot be written
 */
export async function writePage(folders: readonly string[], file: string, epoch?: number): Promise<void> {
  const records = folders.map(readFolder);
  const text =
    records.length === 1
      ? await (await import('./run_page.js')).runPage(records[0]!, epoch)
      : (await import('./compare_page.js')).comparePage(records, epoch);
  await writeAtomically(file, new TextEncoder().encode(text));
}

/** Writes `report.html` after a run. Its results are kept already, so a page that cannot be written is told, not thrown. */
export async function ownPage(folder: string): Promise<void> {
  try {
    await writePage([folder], join(folder, PAGE));
  } catch (error) {
    process.stderr.write(`no page: ${lineOf(error)}\n`);
    process.exitCode = 1;
  }
}
