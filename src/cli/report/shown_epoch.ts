/** Which epoch of a run a page shows, and its name. */
import type { ReportedRun } from './kept_results.js';
import type { RunRecord, TestRecord } from './read_run.js';

export type Epoch = ReportedRun['epoch'];

const NAMES: Readonly<Record<string, string>> = { latest: 'latest checkpoint', plain: 'plain CLIP' };

export const epochName = (epoch: Epoch): string =>
  typeof epoch === 'number' ? `epoch ${epoch}` : (NAMES[epoch] ?? epoch);

/** The epochs of a test, in the order in which they were tested. */
export const epochsOf = ({ runs }: TestRecord): Epoch[] => [...new Set(runs.map((r) => r.epoch))];

/**
 * The epoch that is shown of a run: the one that was chosen for all data sets, or the last one, unless another is wanted.
 * @throws one line when it was not tested
 */
export function chosenEpoch({ folder, test, tree }: RunRecord, wanted?: number): Epoch | undefined {
  if (!test) return undefined;
  const epochs = epochsOf(test);
  if (wanted === undefined) return tree?.choice?.epoch ?? epochs.at(-1);
  if (!epochs.includes(wanted)) {
    throw new Error(`${folder}: epoch ${wanted} was not tested: expected --epoch with one of ${epochs.join(', ')}`);
  }
  return wanted;
}
