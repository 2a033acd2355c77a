/** Shares data sets out to adapters: a process of its own for each adapter tests its share in the folder of results. */
import { fileURLToPath } from 'node:url';
import { failureOf, runChild } from '../child_process.js';
import type { TestFlags } from '../test_adapters/flags.js';
import type { KeptRun } from './results_tree.js';

export interface SharedSet {
  readonly name: string;
  readonly pictures: number;
}

/** Shares of nearly equal numbers of pictures: the largest data set goes to the smallest share, and so on. */
export function sharesOf(sets: readonly SharedSet[], count: number): string[][] {
  const shares = Array.from({ length: Math.min(count, sets.length) }, () => ({
    pictures: 0,
    names: new Set<string>(),
  }));
  for (const { name, pictures } of [...sets].sort((a, b) => b.pictures - a.pictures)) {
    const least = shares.reduce((a, b) => (b.pictures < a.pictures ? b : a));
    least.pictures += pictures;
    least.names.add(name);
  }
  // In the order in which a single process tests them.
  return shares.map(({ names }) => sets.map(({ name }) => name).filter((name) => names.has(name)));
}

export interface SpreadEvents {
  /** An adapter begins with its share. */
  onShare(adapter: string, names: readonly string[]): void;
  /** A data set was tested at an epoch. */
  onRun(run: KeptRun): void;
  /** A line for the user. */
  onNote(line: string): void;
  onFailed(dataset: string, why: string): void;
}

/** What a worker prints: runs, notes on pictures, and last of all why data sets failed. */
interface WorkerLine extends Partial<KeptRun> {
  readonly faults?: Readonly<Record<string, string>>;
}

/** The built worker: this module may be source under test, but only built code can be started. */
const WORKER = fileURLToPath(new URL('../../../dist/cli/test_all/set_worker.js', import.meta.url));
/** Longer than any test: the most that a timer takes. */
const SECONDS = 2_000_000;

/** Tests every share on its adapter, all at the same time. */
export async function spreadSets(
  flags: TestFlags,
  adapters: readonly string[],
  sets: readonly SharedSet[],
  events: SpreadEvents,
): Promise<void> {
  const test = async (names: readonly string[], adapter: string): Promise<void> => {
    events.onShare(adapter, names);
    let ended = false;
    const onLine = (text: string): void => {
      const { faults, ...run } = JSON.parse(text) as WorkerLine;
      if (run.dataset !== undefined) events.onRun(run as KeptRun);
      for (const [name, why] of Object.entries(faults ?? {})) events.onFailed(name, why);
      ended ||= faults !== undefined;
    };
    const job = { ...flags, dataset: names.join(), adapter, json: true };
    const result = await runChild(process.execPath, [WORKER, JSON.stringify(job)], SECONDS, { onLine });
    for (const line of result.stderr.split('\n')) if (line.startsWith('note: ')) events.onNote(line);
    if (ended) return;
    const why = failureOf(result) ?? 'ended early';
    for (const name of names) events.onFailed(name, `the test on ${adapter} failed: ${why}`);
  };
  const shares = sharesOf(sets, adapters.length);
  await Promise.all(shares.map((names, i) => test(names, adapters[i]!)));
}
