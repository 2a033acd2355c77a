/** Adds lines to logs. */
import { appendFileSync, closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { fileError } from './file_error.js';

const begun = new Set<string>();

/** Whether the last line of a file was cut off, by a full disk or a machine that stopped. */
function endsInMidLine(path: string): boolean {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    // It does not exist yet.
    return false;
  }
  try {
    const last = Buffer.alloc(1);
    const { size } = fstatSync(file);
    return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last.toString() !== '\n';
  } finally {
    closeSync(file);
  }
}

/**
 * Adds whole lines to a file in one write, so that none is cut when the process is killed. A line that was cut before is
 * ended first: nothing is glued to it.
 * @param text lines, each with its line break
 * @throws one line when the file cannot be written
 */
export function appendLines(path: string, text: string): void {
  try {
    const cut = !begun.has(path) && endsInMidLine(path);
    appendFileSync(path, cut ? `\n${text}` : text);
    begun.add(path);
  } catch (error) {
    throw fileError(path, 'write', error);
  }
}
