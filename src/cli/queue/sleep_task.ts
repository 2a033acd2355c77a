/** A task that takes time and computes nothing: it stands for a device where the queue itself is measured or tested. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { AaclipError } from '../../detect/errors.js';
import { checked } from './checked.js';
import type { Executor } from './task.js';

const PAYLOAD = z.strictObject({
  /** Tells tasks apart. */
  number: z.int().min(0),
  ms: z.number().min(0).max(3_600_000),
  /** How a task fails on purpose: for good, in a way that is tried again, or as on a device that is lost. */
  fails: z.enum(['for good', 'here', 'device']).optional(),
});

/** Sleeps for `ms` and answers with its number. */
export const sleepTask: Executor = async (payload, { signal, onProgress }) => {
  const { number, ms, fails } = checked(PAYLOAD, payload, 'task to sleep');
  try {
    await sleep(ms, undefined, { signal });
  } catch (error) {
    throw new AaclipError('aborted', `sleep ${number}: given back`, { cause: error });
  }
  if (fails === 'for good') throw new AaclipError('options', `sleep ${number}: fails for good, as it was told to`);
  if (fails === 'here') throw new Error(`sleep ${number}: fails on this worker, as it was told to`);
  if (fails === 'device') throw new AaclipError('device', `sleep ${number}: the device is lost, as it was told`);
  onProgress(1);
  return Buffer.from(`slept ${number}\n`);
};
