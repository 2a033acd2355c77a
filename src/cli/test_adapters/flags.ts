/** The flags of `test`, with the published program's names and defaults. */
import { type Command, Option } from 'commander';
import type { Domain } from '../../data/datasets.js';
import { type DataFlags, dataOptions } from '../data_options.js';
import { maskOption, type PictureFlags, pictureOptions } from '../look_options.js';
import {
  activationOption,
  adapterShapeOptions,
  batchSizeOption,
  cacheOption,
  domainOption,
  imageSizeOption,
  mixOptions,
  modelNameOption,
  threadsOption,
  weightsOption,
} from '../model_options.js';
import { type CommonOptions, common, count } from '../options.js';

export interface TestFlags extends CommonOptions, DataFlags, PictureFlags {
  readonly class?: string;
  readonly domain?: Domain;
  readonly weights: string;
  readonly save_path: string;
  readonly results_dir?: string;
  readonly epoch?: number;
  readonly plain?: 'all' | 'text';
  readonly img_size?: number;
  readonly batch_size?: number;
  readonly visualize?: boolean;
  readonly relu?: boolean;
  readonly text_adapt_weight?: number;
  readonly image_adapt_weight?: number;
  readonly text_adapt_until?: number;
  readonly image_adapt_until?: number;
  readonly activation?: 'gelu' | 'quickgelu';
  readonly cache: boolean;
  readonly threads?: number;
}

/** What is tested on. */
function sampleOptions(command: Command): Command {
  return domainOption(
    dataOptions(
      command.option('--dataset <names>', 'data sets, separated by commas, or "all" for all that are found', 'MVTec'),
    ).option('--class <names>', 'test these classes only, separated by commas'),
  ).option('--shot <n>', 'accepted for the published command line; the full list is tested', count(0));
}

/** What is tested. */
function adapterOptions(command: Command): Command {
  modelNameOption(weightsOption(command))
    .option('--save_path <dir>', 'folder with the adapters', 'ckpt/baseline')
    .option('--epoch <n>', 'test image_adapter_<n> only (default: all epochs, in order)', count(0))
    .addOption(
      new Option(
        '--plain [parts]',
        'test plain CLIP without adapters; "text" leaves out the text adapters only, as after training with --text_epoch 0',
      )
        .choices(['all', 'text'])
        .preset('all'),
    );
  return adapterShapeOptions(activationOption(mixOptions(imageSizeOption(command))), 'check');
}

export function testOptions(command: Command): Command {
  return common(
    cacheOption(threadsOption(batchSizeOption(adapterOptions(maskOption(pictureOptions(sampleOptions(command)))))))
      .option('--results_dir <dir>', "folder for test.log, results.json and pictures (default: the adapters' folder)")
      .option('--visualize', 'write picture, mask, heatmap and overlay of each picture, and a sheet for each class')
      .option('--dry_run', 'look at all pictures and masks, say what is found, and test nothing'),
  );
}
