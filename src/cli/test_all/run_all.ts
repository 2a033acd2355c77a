/** The test of several data sets, from its flags to its summary. */
import { inferConfig } from '../../model/config.js';
import { openClip } from '../../node/open_weights.js';
import { queueOf } from '../queue/queue_flags.js';
import type { TestFlags } from '../test_adapters/flags.js';
import { openTested } from '../test_adapters/tested_adapters.js';
import { wantedAdapters } from './adapter_choice.js';
import { AllSets } from './all_sets.js';
import { RESULTS } from './flags.js';
import { findSets } from './found_sets.js';
import type { Summary } from './summary.js';

/** What a test of several data sets leaves behind. */
export interface AllTested {
  /** Undefined after a dry run. */
  readonly summary: Summary | undefined;
  /** Why data sets are missing, in one line that names them. */
  readonly failure: Error | undefined;
}

/**
 * Tests all data sets that are found, and goes on where an earlier start stopped.
 * @param several whether `--data` is always the folder above the data sets
 * @throws one line where nothing can be tested at all
 */
export async function testSets(given: TestFlags, several = true): Promise<AllTested> {
  const flags = { ...given, results_dir: given.results_dir ?? RESULTS };
  queueOf(flags);
  const adapters = await wantedAdapters(flags.gpus, flags.adapter);
  const found = await findSets(flags, several);
  const clip = await openClip(flags.weights);
  const tested = await openTested(flags, inferConfig(clip));
  const all = new AllSets(flags, found, tested, adapters);
  const summary = flags.dry_run ? await all.look(clip) : await all.test(clip);
  return { summary, failure: all.failure() };
}

/** Tests data sets for another process, which has the folder and sums up. @returns why data sets failed, by their names */
export async function testShare(flags: TestFlags): Promise<Readonly<Record<string, string>>> {
  const found = await findSets(flags);
  const clip = await openClip(flags.weights);
  const all = new AllSets(flags, found, await openTested(flags, inferConfig(clip)), undefined, true);
  await all.test(clip);
  return all.faults;
}

/** `test-all`, and `test --dataset all`. @throws one line that names the data sets that failed */
export async function testAllSets(flags: TestFlags): Promise<void> {
  const { failure } = await testSets(flags);
  if (failure) throw failure;
}
