/** The flags of `test-all`: those of `test`, with the published presets. */
import type { Command } from 'commander';
import { testOptions } from '../test_adapters/flags.js';
import { ALL } from '../test_adapters/tested_data.js';

/** Where the published program writes. */
export const RESULTS = 'results';

export function testAllOptions(command: Command): Command {
  return testOptions(command, { dataset: ALL, resultsDir: RESULTS }).option(
    '--gpus <names>',
    'share the data sets out to several adapters, each by a part of its name, separated by commas, or "all" for every card',
  );
}
