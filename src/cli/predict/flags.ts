/** The flags of `predict`. */
import { type Command, Option } from 'commander';
import type { Domain } from '../../data/datasets.js';
import { type RegistryFlags, registryOptions } from '../data_options.js';
import { type PictureFlags, pictureOptions } from '../look_options.js';
import {
  activationOption,
  batchSizeOption,
  cacheOption,
  domainOption,
  imageSizeOption,
  type MethodFlags,
  methodOptions,
  mixOptions,
  type TileFlags,
  tileOptions,
  weightsOption,
} from '../model_options.js';
import { type CommonOptions, common, count, number } from '../options.js';

export interface PredictFlags extends CommonOptions, RegistryFlags, PictureFlags, MethodFlags, TileFlags {
  readonly class: string;
  readonly dataset?: string;
  readonly weights: string;
  readonly adapters?: string;
  readonly epoch?: number;
  readonly domain?: Domain;
  readonly img_size?: number;
  readonly text_adapt_weight?: number;
  readonly image_adapt_weight?: number;
  readonly batch_size?: number;
  readonly activation?: 'gelu' | 'quickgelu';
  readonly cache: boolean;
  readonly out: string;
  readonly raw?: 'npy' | 'safetensors';
  readonly map?: boolean;
  readonly heatmap: boolean;
  readonly range: 'fixed' | 'image';
  readonly threshold?: number;
  readonly pixel_threshold?: number;
}

/** The model and how it is used. */
function modelOptions(command: Command): Command {
  const named = weightsOption(command)
    .option(
      '--adapters <path>',
      'folder with text_adapter and image_adapter, or a checkpoint of APRIL-GAN or AnomalyCLIP, which its tensors tell; "tiny": the adapters that come with the program (default: none, plain CLIP)',
    )
    .option('--epoch <n>', 'use image_adapter_<n> of the --adapters folder', count(0));
  return methodOptions(
    cacheOption(activationOption(batchSizeOption(mixOptions(tileOptions(imageSizeOption(domainOption(named))))))),
  );
}

/** Files and verdicts. */
function writingOptions(command: Command): Command {
  return command
    .option('--out <dir>', 'where heatmaps and maps go; never searched for pictures', 'out')
    .addOption(new Option('--raw <format>', 'also write the map as numbers').choices(['npy', 'safetensors']))
    .option('--map', 'also write the map as an 8-bit grey picture')
    .option('--no-heatmap', 'do not write heatmaps')
    .addOption(
      new Option('--range <kind>', 'colours: fixed (0 to 1, comparable between pictures) or stretched to each image')
        .choices(['fixed', 'image'])
        .default('fixed'),
    )
    .option('--threshold <score>', 'give a verdict: pictures with this score or more are anomalous', number)
    .option(
      '--pixel_threshold <p>',
      'outline where the map has this value or more, and write that area as a mask',
      number,
    );
}

/** Adds the arguments and flags. */
export function predictOptions(command: Command): Command {
  const named = command
    .argument('<pictures...>', 'PNG, JPEG, BMP, TIFF or WebP files, folders of them, or patterns')
    .requiredOption('--class <name>', 'what the pictures show: "metal nut", a class of a known data set, or "object"')
    .option('--dataset <name>', 'look up the class in this data set only; an error if it has no such class');
  return common(registryOptions(writingOptions(modelOptions(pictureOptions(named))))).option(
    '--dry_run',
    'look at all pictures, say what is found, and score nothing',
  );
}
