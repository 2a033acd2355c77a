/** Reads whatever a run left in a folder: a test, a training, or the tree of all data sets. */
import { type RunRecord, readTest, readTraining } from './read_run.js';
import { readTree } from './read_tree.js';

/**
 * The test in a folder, and the training in it or in the folder of the adapters that were tested.
 * @throws one line when the folder has neither, or a file in it is broken
 */
export function readFolder(folder: string): RunRecord {
  const all = readTree(folder);
  const test = all?.test ?? readTest(folder);
  const adapters = test?.settings.savePath;
  const training = readTraining(folder) ?? (typeof adapters === 'string' ? readTraining(adapters) : undefined);
  if (!test && !training) {
    throw new Error(
      `${folder}: nothing to report: expected results.json of "aaclip test", summary.json of "aaclip test-all" or metrics.jsonl of "aaclip train"; name a --results_dir or a --save_path`,
    );
  }
  return {
    folder,
    ...(test ? { test } : {}),
    ...(training ? { training } : {}),
    ...(all ? { tree: all.tree } : {}),
  };
}
