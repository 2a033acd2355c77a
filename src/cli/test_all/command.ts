/** `aaclip test-all`: the published figures on every data set that is there, and a summary. */
import type { Command } from 'commander';
import { testAllOptions } from './flags.js';
import { testAllSets } from './run_all.js';

export function testAllCommand(program: Command): void {
  testAllOptions(
    program
      .command('test-all')
      .alias('test_all_datasets')
      .description('Test adapters on every data set that is found, and sum up: a folder of results for each data set.'),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip test-all --data datasets --weights ViT-L-14-336px.pt --save_path ckpt/baseline
  $ aaclip test-all --data datasets --weights W --save_path ckpt/baseline --epoch 15 --max_workers 4
  $ aaclip test-all --data datasets --weights W --plain --results_dir results/plain
  $ aaclip test-all --dataset MVTec,VisA --data datasets --weights W --save_path ckpt/baseline
  $ aaclip test-all --data datasets --weights W --save_path ckpt/baseline --gpus all

The folder of results holds NAME/test.log and NAME/results.json for each data set, the summary as summary.txt, .csv, .md and
.json, and report.html: a page with the summary, all curves and all histograms. Data sets that are not there are named, and
the others are tested. A run that was interrupted goes on where it stopped when it is started again; figures of other weights,
adapters or settings need a folder of their own. times.jsonl says when, on what and for how long everything ran, and the page
repeats it; the other files are the same in every run.

--max_workers, which started that many tests at once in the published program, is the number of decoding threads here: tests
that share a GPU gain nothing. Where there are several GPUs, --gpus gives each of them a share of the data sets, in a process
of its own; the files are the same as those of one process on the same kind of GPU. A GPU is chosen by a part of its name, so two
cards of one name cannot be told apart.

The summary marks the data set that the adapters were trained on, where their folder tells (training.json or train.log), and
averages the others apart: the figures of that data set are not zero-shot.`,
    )
    .action(testAllSets);
}
