/** The flags of `info`. */
import type { Command } from 'commander';
import { imageSizeOption, type MethodFlags, methodOptions, weightsOption } from '../model_options.js';
import { type CommonOptions, common } from '../options.js';

export interface InfoFlags extends CommonOptions, MethodFlags {
  readonly adapters?: string;
  readonly weights?: string;
  readonly img_size: number;
}

export function infoOptions(command: Command): Command {
  const named = weightsOption(command, 'optional').option(
    '--adapters <path>',
    'also say which method these adapters are of, and how it uses the weights: a folder or a checkpoint',
  );
  return common(methodOptions(imageSizeOption(named, 518)));
}
