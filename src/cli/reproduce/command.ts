/** `aaclip reproduce`: the published protocol from one command, and our figures beside the published ones. */
import type { Command } from 'commander';
import { reproduceOptions } from './flags.js';
import { runReproduce } from './protocol_run.js';

export function reproduceCommand(program: Command): void {
  reproduceOptions(
    program
      .command('reproduce')
      .description(
        'Run the published protocol and print our figures beside the published ones: train on VisA and test on the other data sets, train on MVTec and test on VisA.',
      ),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip reproduce --data datasets --weights ViT-L-14-336 --dry_run
  $ aaclip reproduce --data datasets --weights ViT-L-14-336
  $ aaclip reproduce --data datasets --weights ViT-L-14-336 --training_mode few_shot --shot 2 --seeds 5
  $ aaclip reproduce --data datasets --weights ViT-L-14-336 --only MVTec

The flags of a training have the published defaults. Figures were published for 2, 16 and 64 samples of each class and for
full_shot, all for CLIP ViT-L/14@336 at 518 px; a run with another model, another size, or parts of the pictures is not compared.
Data sets that are not there are named, and the others are run. A run that was interrupted goes on where it stopped. Each part has
a folder below --save_path, as "aaclip train --seeds" leaves it; the comparison is reproduce_full-shot.json, .csv and .md, or
reproduce_2-shot and so on.`,
    )
    .action(runReproduce);
}
