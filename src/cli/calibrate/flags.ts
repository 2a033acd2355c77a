/** The flags of `calibrate`. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { registryOptions } from '../data_options.js';
import { type DetectorFlags, detectorOptions } from '../detector_options.js';
import { pictureOptions } from '../look_options.js';
import { common, count } from '../options.js';

export type Turns = 'flips' | 'rotations' | 'all';

export interface CalibrateFlags extends DetectorFlags {
  readonly class: string;
  readonly good: readonly string[];
  readonly bad?: readonly string[];
  readonly save_path?: string;
  readonly references: number;
  readonly augment?: Turns;
  readonly false_alarms: number;
  readonly confidence: number;
  readonly seed: number;
}

/** Reads a share between 0 and 1: 0.01, 1% or 1/100. */
function share(text: string): number {
  const [, top, sign, bottom] = /^([\d.]+)(?:(%)|\/([\d.]+))?$/.exec(text.replaceAll(' ', '')) ?? [];
  const value = Number(top) / (sign ? 100 : Number(bottom ?? 1));
  if (value > 0 && value < 1) return value;
  throw new InvalidArgumentError('expected a share between 0 and 1, such as 0.01, 1% or 1/100.');
}

/** Adds the arguments and flags. */
export function calibrateOptions(command: Command): Command {
  const named = command
    .requiredOption('--class <name>', 'what the pictures show: "metal nut", a class of a known data set, or "object"')
    .option('--dataset <name>', 'look up the class in this data set only; an error if it has no such class')
    .requiredOption('--good <paths...>', 'pictures without a fault: files, folders or patterns; 3 at least')
    .option('--bad <paths...>', 'faulty pictures, if there are any: the threshold then separates both best (F1-max)')
    .option('--save_path <dir>', 'folder for the calibration (default: the folder of the adapters)')
    .option(
      '--references <n>',
      'keep as many patches of good pictures as this many pictures have, a core set where more are given; 0: compare with none',
      count(0),
      8,
    )
    .addOption(
      new Option(
        '--augment <how>',
        'use good pictures as references mirrored (flips), turned (rotations) or both too, for things that lie in any direction',
      ).choices(['flips', 'rotations', 'all']),
    )
    .addOption(
      new Option(
        '--false_alarms <share>',
        'good pictures that may be called faulty, without --bad: 0.01, 1% or 1/100; 1 in N takes N - 1 good pictures',
      )
        .argParser(share)
        .default(0.01),
    )
    .addOption(
      new Option('--confidence <share>', 'of the interval that is given for the false alarms')
        .argParser(share)
        .default(0.95),
    )
    .option('--seed <n>', 'of the core set', count(0), 0);
  return common(registryOptions(detectorOptions(pictureOptions(named))));
}
