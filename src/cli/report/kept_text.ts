/** Reads files that a run left, as text and as JSON. */
import { existsSync, readFileSync } from 'node:fs';
import { fileError } from '../../node/file_error.js';

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The text of a file; undefined where there is none. @throws one line when it cannot be read */
export function readText(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw fileError(path, 'read', error);
  }
}

/** An object in JSON. @param written what writes the file, for the message @throws one line when the text is none */
export function parse(path: string, text: string, written: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!isRecord(value)) throw new Error(`${path}: not readable: expected the JSON that ${written} again`);
  return value;
}
