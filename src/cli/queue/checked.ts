/** Checking what comes from other machines against what this program writes. */
import { readFile } from 'node:fs/promises';
import type { z } from 'zod';
import { printable } from '../../data/printable.js';
import { AaclipError } from '../../detect/errors.js';
import { fileError } from '../../node/file_error.js';
import type { FileFetcher, FileRef } from './file_refs.js';

/**
 * @param what it is, for the message
 * @throws AaclipError `options`, one line with the place of the first fault
 */
export function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  throw new AaclipError('options', `${what}: ${firstFault(read.error)}; run the command that queued it again`);
}

/** The first fault that was found, with its place, in one line. */
export function firstFault({ issues }: z.ZodError): string {
  const { path, message } = issues[0]!;
  return printable(path.length === 0 ? message : `${path.join('.')}: ${message}`);
}

/**
 * What a file of JSON in the store holds.
 * @throws AaclipError `options` when it is none of this program's; one line when it cannot be had or read
 */
export async function fetchChecked<T>(
  files: FileFetcher,
  ref: FileRef,
  schema: z.ZodType<T>,
  what: string,
): Promise<T> {
  const path = await files.fetch(ref);
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw fileError(path, 'read', error);
  });
  return checked(schema, parsed(text), what);
}

/** Undefined where it is not JSON, which no schema takes. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
