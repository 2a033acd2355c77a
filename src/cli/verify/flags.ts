/** The flags of `verify`. */
import type { Command } from 'commander';
import { type CommonOptions, common } from '../options.js';

export interface VerifyFlags extends CommonOptions {
  readonly only?: string;
  readonly all?: boolean;
}

export function verifyOptions(command: Command): Command {
  return common(
    command
      .argument('<folder>', 'safetensors files that hold inputs (or their seeds) and expected outputs')
      .option('--only <globs>', 'cases to run, with * and ?, separated by commas: "op.*,model.tiny"')
      .option('--all', 'also run the large cases (ViT-L/14), which take minutes on a CPU adapter'),
  );
}
