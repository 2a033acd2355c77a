/** The flags of `watch`. */
import type { Command } from 'commander';
import { type JudgeFlags, judgeOptions } from '../open_judge.js';
import { positive } from '../options.js';

export interface WatchFlags extends JudgeFlags {
  readonly class: string;
  readonly log?: string;
  readonly sort?: string;
  readonly heatmaps?: string;
  readonly onFault?: string;
  readonly once?: boolean;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
  readonly poll: number;
  readonly patience: number;
}

/** Collects a flag that may be given several times. */
const several = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** Adds the argument and the flags. */
export function watchOptions(command: Command): Command {
  return judgeOptions(
    command
      .argument('<folder>', 'where pictures arrive; folders in it are watched, too')
      .requiredOption('--class <name>', 'what the pictures show: "metal nut", a class of a known data set, or "object"')
      .option(
        '--log <file>',
        'JSON lines, one per picture; a restart reads it to know what was scored (default: FOLDER.jsonl)',
      )
      .option('--sort <dir>', 'move each picture to good, faulty or review (no score) in this folder')
      .option('--heatmaps <dir>', 'write the heatmap of each picture into this folder')
      .option(
        '--on-fault <receiver>',
        'report each faulty picture: its line is posted to a URL, or written to the standard input of a command',
      )
      .option('--once', 'end when everything that is there has been scored')
      .option(
        '--include <pattern>',
        'score only pictures whose names match ("cam1_*", "line2/**"); may be given several times',
        several,
      )
      .option('--exclude <pattern>', 'leave out pictures whose names match; may be given several times', several)
      .option('--poll <seconds>', 'time between two looks at the folder', positive, 0.5)
      .option(
        '--patience <seconds>',
        'how long a picture that looks incomplete may stay unchanged before it is reported',
        positive,
        10,
      ),
  );
}
