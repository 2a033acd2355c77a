/** `--precision auto`: f16 where a trial on this adapter shows it to be sound, else f32. */

import { readAdapterFile, writeAdapterFile } from '../node/adapter_file.js';
import { openGpu } from '../node/device.js';
import { withQuietNativeCode } from '../node/quiet.js';
import { failureOf, runSelf } from './child_process.js';

export interface PrecisionVerdict {
  readonly precision: 'f32' | 'f16';
  /** Why it is not f16, in one line. */
  readonly why?: string;
}

/** What the trial prints with --json. */
export interface PrecisionTrial {
  /** Largest relative error (L2) of f16 against f32 over the outputs of the trial. */
  readonly error: number;
}

/** Largest relative error with which f16 counts as sound. */
export const F16_BOUND = 2e-3;
/** Seconds the trial may take: f16 was seen to hang as well as to crash. */
const LIMIT = 180;
const PART = 'precision';

/** The verdict on what a trial gave. */
export function verdictOf(failure: string | undefined, trial: PrecisionTrial | undefined): PrecisionVerdict {
  if (failure !== undefined || !trial) return { precision: 'f32', why: `the trial of f16 failed: ${failure}` };
  // Written so that an error that is not a number is refused as well.
  if (trial.error <= F16_BOUND) return { precision: 'f16' };
  return { precision: 'f32', why: `f16 is off by ${trial.error.toExponential(1)} here, more than ${F16_BOUND}` };
}

function checked(facts: unknown): PrecisionVerdict {
  const { precision, why } = (facts ?? {}) as Partial<PrecisionVerdict>;
  if (precision !== 'f16' && precision !== 'f32') throw new Error('precision: expected f16 or f32');
  return { precision, ...(typeof why === 'string' ? { why } : {}) };
}

/**
 * The precision for the adapter that the flags choose. The verdict is kept by adapter and driver, so that the trial, a
 * process of its own that may crash or hang, runs once.
 */
export async function choosePrecision(flags: {
  readonly adapter?: string | undefined;
  readonly defaultToggles?: boolean | undefined;
}): Promise<'f32' | 'f16'> {
  const { adapter, defaultToggles } = flags;
  const note = (line: string): void => void process.stderr.write(`note: ${line}\n`);
  const gpu = await withQuietNativeCode(() => openGpu({ adapter, defaultToggles, onNote: () => {} }));
  const { description } = gpu;
  gpu[Symbol.dispose]();
  let verdict = readAdapterFile(PART, description, checked, note);
  if (!verdict) {
    verdict = await trialOf([
      ...(adapter === undefined ? [] : ['--adapter', adapter]),
      ...(defaultToggles ? ['--default-toggles'] : []),
    ]);
    await writeAdapterFile(PART, description, verdict).catch((error: Error) => note(error.message));
  }
  if (verdict.why !== undefined) note(`--precision auto: f32: ${verdict.why}`);
  return verdict.precision;
}

async function trialOf(args: readonly string[]): Promise<PrecisionVerdict> {
  const run = await runSelf(['bench', 'precision', '--json', ...args], LIMIT);
  const failure = failureOf(run);
  return verdictOf(failure, failure === undefined ? (JSON.parse(run.stdout) as PrecisionTrial) : undefined);
}
