/** The flags of `index`. */
import { type Command, Option } from 'commander';
import { LAYOUTS, type Layout } from '../../data/index_layouts.js';
import { type RegistryFlags, registryOptions } from '../data_options.js';
import { count, type OutputFlags, outputOptions } from '../options.js';

export interface IndexFlags extends RegistryFlags, OutputFlags {
  readonly dataset?: string;
  readonly layout?: Layout;
  readonly out: string;
  readonly class?: string;
  readonly shots?: number;
  readonly seed: number;
}

export function indexOptions(command: Command): Command {
  return outputOptions(
    registryOptions(
      command
        .argument('<root>', "the data set's folder; the lists name files relative to it")
        .option('--dataset <name>', 'a known data set: its layout is used, and unknown classes are reported')
        .addOption(
          new Option(
            '--layout <kind>',
            "how the folder is laid out, see below (default: the data set's layout, else folder)",
          ).choices(Object.keys(LAYOUTS)),
        )
        .requiredOption('--out <dir>', 'folder to write the lists to')
        .option('--class <name>', "class of pictures that are in no class folder (default: the folder's name)")
        .option(
          '--shots <count>',
          'also write COUNT-shot.jsonl: half normal, half abnormal samples per class',
          count(2),
        )
        .option('--seed <number>', 'seed for drawing few-shot samples', count(0), 111),
    ),
  );
}
