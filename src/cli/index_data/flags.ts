/** The flags of `index`. */
import { type Command, Option } from 'commander';
import { LAYOUTS, type Layout } from '../../data/index_layouts.js';
import { type RegistryFlags, registryOptions } from '../data_options.js';
import { count, type OutputFlags, outputOptions } from '../options.js';

export interface IndexFlags extends RegistryFlags, OutputFlags {
  readonly dataset?: string;
  readonly layout?: Layout;
  readonly out?: string;
  readonly class?: string;
  readonly normal?: string;
  readonly abnormal?: string;
  readonly masks?: string;
  readonly from?: string;
  readonly split?: string;
  readonly allowOutside?: boolean;
  readonly shots?: number;
  readonly seed: number;
  readonly strict?: boolean;
  readonly dry_run?: boolean;
}

export function indexOptions(command: Command): Command {
  return outputOptions(
    registryOptions(
      command
        .argument(
          '[root]',
          "the data set's folder; the lists name files relative to it (default: the folder of --from)",
        )
        .option('--dataset <name>', 'a known data set: its layout is used, and unknown classes are reported')
        .addOption(
          new Option(
            '--layout <kind>',
            "how the folder is laid out, see below (default: the data set's layout, else folder)",
          ).choices(Object.keys(LAYOUTS)),
        )
        .option('--out <dir>', 'folder to write the lists to')
        .option('--class <name>', "class of pictures that are in no class folder (default: the folder's name)")
        .option(
          '--normal <names>',
          'folders or files with normal pictures, if their names do not say so: names, paths or patterns such as "*_ref", separated by commas; pictures that nothing else tells about are then abnormal',
        )
        .option('--abnormal <names>', 'folders or files with abnormal pictures, likewise')
        .option('--masks <names>', 'folders or files with masks, likewise')
        .option('--from <file>', "another program's list to convert: AnomalyCLIP's meta.json, a CSV of anomalib, ...")
        .option(
          '--split <name>',
          'which part of the list in --from to take, or all (default: test, where there is one)',
        )
        .option('--allow-outside', 'accept relative paths in the list of --from that lead out of the folder')
        .option(
          '--shots <count>',
          'also write COUNT-shot.jsonl: half normal, half abnormal samples per class',
          count(2),
        )
        .option('--seed <number>', 'seed for drawing few-shot samples', count(0), 111)
        .option('--strict', 'treat warnings as errors')
        .option('--dry_run', 'only show what would be listed'),
    ),
  );
}
