/** The flags of `report`. */
import type { Command } from 'commander';
import { count, type OutputFlags, outputOptions } from '../options.js';

export interface ReportFlags extends OutputFlags {
  readonly out?: string;
  readonly epoch?: number;
}

export function reportOptions(command: Command): Command {
  return outputOptions(
    command
      .argument('<dirs...>', 'folders that test, test-all or train wrote: --results_dir, --save_path')
      .option(
        '--out <file>',
        'where the page is written (default: report.html in the folder, comparison.html for several)',
      )
      .option(
        '--epoch <n>',
        'show this epoch (default: the last one that was tested; of test-all, the one it chose)',
        count(0),
      ),
  );
}
