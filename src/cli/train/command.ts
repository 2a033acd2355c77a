/** `aaclip train`: trains the adapters in two stages, and resumes a run that was stopped. */
import type { Command } from 'commander';
import { trainOptions } from './flags.js';
import { trainSeeds } from './train_seeds.js';

export function trainCommand(program: Command): void {
  trainOptions(
    program
      .command('train')
      .description(
        'Train the text adapters, then the image adapters, on pictures with masks. A run that was stopped is resumed.',
      ),
  )
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip train --dataset VisA --data VisA_20220922 --training_mode full_shot --weights ViT-L-14-336px.pt
  $ aaclip train --dataset mine --data parts --training_mode full_shot --weights tiny --img_size 256 --save_path ckpt/mine
  $ aaclip train --dataset mine --data parts --metadata parts/full-shot.jsonl --weights W --save_path ckpt/mine --dry_run
  $ aaclip train --dataset VisA --shot 2 --seeds 5 --test MVTec,BTAD --data datasets --weights W --save_path ckpt/two
  $ aaclip train --dataset VisA --shot 2 --seeds 5 --data datasets --weights W --queue redis://10.0.0.5 --store /mnt/aaclip

The list has a line for each picture: {"image_path", "label", "class_name", "mask_path"}; "aaclip index" writes it for a folder. A
few-shot run without a list of its own draws one from the full list by its seed, and keeps it beside its checkpoints.

--seeds trains once for each seed, in a folder of its own below --save_path (seed_0, seed_1, ...), and --test tests each of
them. sweep.json, sweep.csv and sweep.md give mean and sample standard deviation (n - 1) over the seeds. Seeds that are finished
are kept, an interrupted training or test goes on where it stopped, and more seeds can be added later. With --queue, each seed is
trained by a worker ("aaclip worker"), which keeps its checkpoints in the store, so that another one can go on.

Defaults are those of the published AA-CLIP program, which "as published" refers to.`,
    )
    .action(trainSeeds);
}
