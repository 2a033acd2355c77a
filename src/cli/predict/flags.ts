/** The flags of `predict`. */
import { type Command, Option } from 'commander';
import { registryOptions } from '../data_options.js';
import { type DetectorFlags, detectorOptions } from '../detector_options.js';
import { pictureOptions } from '../look_options.js';
import { common, number } from '../options.js';

export interface PredictFlags extends DetectorFlags {
  readonly class: string;
  readonly out: string;
  readonly raw?: 'npy' | 'safetensors';
  readonly map?: boolean;
  readonly heatmap: boolean;
  readonly range: 'fixed' | 'image';
  readonly threshold?: number;
  readonly pixel_threshold?: number;
}

/** Files and verdicts. */
function writingOptions(command: Command): Command {
  return command
    .option('--out <dir>', 'where heatmaps and maps go; never searched for pictures', 'out')
    .addOption(new Option('--raw <format>', 'also write the map as numbers').choices(['npy', 'safetensors']))
    .option('--map', 'also write the map as an 8-bit grey picture')
    .option('--no-heatmap', 'do not write heatmaps')
    .addOption(
      new Option('--range <kind>', 'colours: fixed (0 to 1, comparable between pictures) or stretched to each image')
        .choices(['fixed', 'image'])
        .default('fixed'),
    )
    .option('--threshold <score>', 'give a verdict: pictures with this score or more are anomalous', number)
    .option(
      '--pixel_threshold <p>',
      'outline where the map has this value or more, write that area as a mask, and list its regions in --json',
      number,
    );
}

/** Adds the arguments and flags. */
export function predictOptions(command: Command): Command {
  const named = command
    .argument('<pictures...>', 'PNG, JPEG, BMP, TIFF or WebP files, folders of them, or patterns')
    .requiredOption('--class <name>', 'what the pictures show: "metal nut", a class of a known data set, or "object"')
    .option('--dataset <name>', 'look up the class in this data set only; an error if it has no such class');
  return common(registryOptions(writingOptions(detectorOptions(pictureOptions(named))))).option(
    '--dry_run',
    'look at all pictures, say what is found, and score nothing',
  );
}
