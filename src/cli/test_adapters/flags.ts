/** The flags of `test`, with the published program's names and defaults. */
import { type Command, Option } from 'commander';
import type { Domain } from '../../data/datasets.js';
import { CONFIDENCE } from '../../eval/intervals.js';
import { PUBLISHED_SETTINGS } from '../../train/training_options.js';
import { type DataFlags, dataOptions } from '../data_options.js';
import { maskOption, type PictureFlags, pictureOptions } from '../look_options.js';
import {
  activationOption,
  adapterShapeOptions,
  batchSizeOption,
  cacheOption,
  domainOption,
  imageSizeOption,
  type MethodFlags,
  methodOptions,
  mixOptions,
  modelNameOption,
  type TileFlags,
  threadsOption,
  tileOptions,
  weightsOption,
} from '../model_options.js';
import { type CommonOptions, common, count, number, positive } from '../options.js';
import { type OptionalQueueFlags, optionalQueueOptions } from '../queue/queue_flags.js';

/** Resamples of `--intervals` without a number, and the fewest that have tails to speak of. */
const RESAMPLES = 1000;
const LEAST_RESAMPLES = 100;

export interface TestFlags extends CommonOptions, DataFlags, PictureFlags, MethodFlags, TileFlags, OptionalQueueFlags {
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
  /** Resamples of `--intervals`. */
  readonly intervals?: number;
  readonly defects?: boolean;
  readonly seed: number;
  readonly memory: number;
  readonly relu?: boolean;
  readonly text_adapt_weight?: number;
  readonly image_adapt_weight?: number;
  readonly text_adapt_until?: number;
  readonly image_adapt_until?: number;
  readonly activation?: 'gelu' | 'quickgelu';
  readonly cache: boolean;
  readonly threads?: number;
  /** Of `test-all` alone. */
  readonly gpus?: string;
}

/** What a command tests and where it writes, unless flags say otherwise. */
interface TestPreset {
  readonly dataset: string;
  /** Undefined for the adapters' folder. */
  readonly resultsDir?: string;
}

/** What is tested on. */
function sampleOptions(command: Command, preset: string): Command {
  return domainOption(
    dataOptions(
      command.option('--dataset <names>', 'data sets, separated by commas, or "all" for all that are found', preset),
    ).option('--class <names>', 'test these classes only, separated by commas'),
  )
    .option('--shot <n>', 'accepted for the published command line; the full list is tested', count(0))
    .option(
      '--seed <n>',
      'seed of the resamples of --intervals; nothing else is drawn at random',
      count(0),
      PUBLISHED_SETTINGS.seed,
    )
    .option('--text_norm_weight <w>', 'accepted for the published command line; it matters in training alone', number);
}

/** What is tested. */
function adapterOptions(command: Command): Command {
  modelNameOption(weightsOption(command))
    .option(
      '--save_path <path>',
      'folder with the adapters, or a checkpoint of APRIL-GAN or AnomalyCLIP (a file, or a folder of epochs)',
      'ckpt/baseline',
    )
    .option('--epoch <n>', 'test image_adapter_<n> (or epoch_<n>) only (default: all epochs, in order)', count(0))
    .addOption(
      new Option(
        '--plain [parts]',
        'test plain CLIP without adapters; "text" leaves out the text adapters only, as after training with --text_epoch 0',
      )
        .choices(['all', 'text'])
        .preset('all'),
    );
  const sized = tileOptions(imageSizeOption(command));
  return methodOptions(adapterShapeOptions(activationOption(mixOptions(sized)), 'check'));
}

export function testOptions(command: Command, { dataset, resultsDir }: TestPreset = { dataset: 'MVTec' }): Command {
  const tested = adapterOptions(maskOption(pictureOptions(sampleOptions(command, dataset))));
  const placed = cacheOption(threadsOption(batchSizeOption(tested)));
  const results =
    resultsDir === undefined
      ? placed.option(
          '--results_dir <dir>',
          "folder for test.log, results.json and pictures (default: the adapters' folder)",
        )
      : placed.option('--results_dir <dir>', 'folder for the summary and a folder for each data set', resultsDir);
  return common(
    optionalQueueOptions(results)
      .option(
        '--visualize',
        'write picture, mask, heatmap and overlay of each picture; for each class, a list with the worst first, and a sheet',
      )
      .option(
        '--memory <gib>',
        'memory for the scores of pixels; those of a large class that exceed it go to a temporary file in --results_dir',
        positive,
        1,
      )
      .option(
        '--defects',
        'figures for each type of defect, too: its faulty pictures against all good ones of the class',
      )
      .addOption(
        new Option(
          '--intervals [resamples]',
          `${CONFIDENCE}% confidence intervals of all figures and of their means, from that many resamples of the pictures of each class`,
        )
          .argParser(count(LEAST_RESAMPLES))
          .preset(String(RESAMPLES)),
      )
      .option('--dry_run', 'look at all pictures and masks, say what is found, and test nothing'),
  );
}
