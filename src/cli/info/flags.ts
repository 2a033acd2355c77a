/** The flags of `info`. */
import type { Command } from 'commander';
import { imageSizeOption, weightsOption } from '../model_options.js';
import { type CommonOptions, common } from '../options.js';

export interface InfoFlags extends CommonOptions {
  readonly weights?: string;
  readonly img_size: number;
}

export function infoOptions(command: Command): Command {
  return common(imageSizeOption(weightsOption(command, 'optional'), 518));
}
