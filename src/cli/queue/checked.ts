/** Checking what comes from other machines against what this program writes. */
import type { z } from 'zod';
import { printable } from '../../data/printable.js';
import { AaclipError } from '../../detect/errors.js';

/**
 * @param what it is, for the message
 * @throws AaclipError `options`, one line with the place of the first fault
 */
export function checked<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const { path, message } = read.error.issues[0]!;
  const place = path.length === 0 ? '' : `${path.join('.')}: `;
  throw new AaclipError('options', printable(`${what}: ${place}${message}; run the command that queued it again`));
}
