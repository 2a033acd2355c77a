/** One training on this machine, from its flags to its checkpoints. */
import { RunFolder } from '../../node/run_folder.js';
import { measureSteps } from '../../train/dry_run.js';
import { whenStopped } from '../endings.js';
import { ownPage } from '../report/write_page.js';
import type { TrainCommandFlags } from './flags.js';
import { OpenTraining } from './open_training.js';
import { stoppedText, TrainOutput } from './output.js';
import { prepareTraining } from './prepared_training.js';
import { keepDrawnList } from './training_list.js';

/** Trains both stages, or goes on where an earlier start stopped. */
export async function runTraining(flags: TrainCommandFlags): Promise<void> {
  const output = new TrainOutput(flags.json ?? false);
  const prepared = await prepareTraining(flags, (text) => output.note(text));
  await using training = await OpenTraining.open(flags, prepared, output);
  if (flags.dry_run) {
    output.measured(training.plan, await measureSteps(training.run, training.source));
    return;
  }
  using folder = new RunFolder(flags.save_path, flags.format);
  if (prepared.drawn) await keepDrawnList(folder.path, prepared.drawn);
  whenStopped(() => stoppedText(folder.path, folder.saved));
  await training.trainIn(folder, flags, output);
  await ownPage(folder.path);
  output.trained(flags);
}
