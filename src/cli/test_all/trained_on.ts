/** Which data set adapters were trained on: figures of that one are not zero-shot. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { TRAINING_FILE } from '../report/run_record.js';

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Checkpoints may come without what lay beside them.
    return '';
  }
}

/** The name that the record of our own training gives. */
function recorded(text: string): string | undefined {
  try {
    const { flags } = JSON.parse(text) as { readonly flags?: { readonly dataset?: unknown } };
    return typeof flags?.dataset === 'string' ? flags.dataset : undefined;
  } catch {
    return undefined;
  }
}

/** What a log says at the start of each run, in JSON or, by the published program, as Python prints it. */
const ARGUMENTS = /^INFO:(?:\w+:)?args: .*?["']dataset["']: ?(?:"([^"]+)"|'([^']+)')/gm;

/**
 * The data set that a training in this folder was started with, by `training.json` or the last start in `train.log`.
 * @returns undefined where neither tells
 */
export function trainedOn(folder: string): string | undefined {
  const named = recorded(textOf(join(folder, TRAINING_FILE)));
  if (named !== undefined) return named;
  const last = [...textOf(join(folder, 'train.log')).matchAll(ARGUMENTS)].at(-1);
  return last?.[1] ?? last?.[2];
}

/** What is said behind the name of such a data set. */
export const TRAINED_ON = 'trained on: not zero-shot';
