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
      .option('--log <file>', 'JSON lines, one a picture; also what a restart knows them by (default: FOLDER.jsonl)')
      .option(
        '--sort <dir>',
        'move each picture to good, faulty or review (no score) in this folder; needs --threshold',
      )
      .option('--heatmaps <dir>', 'write the heatmap of each picture into this folder')
      .option(
        '--on-fault <receiver>',
        'tell of each faulty picture: a URL gets its line as a POST, a command as standard input; needs --threshold',
      )
      .option('--once', 'end when everything that is there has been scored')
      .option(
        '--include <pattern>',
        'only pictures of such names ("cam1_*", "line2/**"); may be given several times',
        several,
      )
      .option('--exclude <pattern>', 'no pictures of such names; may be given several times', several)
      .option('--poll <seconds>', 'time between two looks at the folder', positive, 0.5)
      .option(
        '--patience <seconds>',
        'how long a picture that looks incomplete may take until its next change; then it is reported',
        positive,
        10,
      ),
  );
}
