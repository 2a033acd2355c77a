/** The flags of `predict`. */
import { type Command, Option } from 'commander';
import type { Domain } from '../../data/datasets.js';
import { type RegistryFlags, registryOptions } from '../../node/registry_source.js';
import { type CommonOptions, count, number } from '../options.js';

export interface PredictFlags extends CommonOptions, RegistryFlags {
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
  readonly out: string;
  readonly raw?: 'npy' | 'safetensors';
  readonly map?: boolean;
  readonly heatmap: boolean;
  readonly range: 'fixed' | 'image';
  readonly threshold?: number;
  readonly pixel_threshold?: number;
}

/** Adds the arguments and flags. */
export function predictOptions(command: Command): Command {
  return registryOptions(
    command
      .argument('<pictures...>', 'PNG, JPEG, BMP, TIFF or WebP files, folders of them, or patterns')
      .requiredOption('--class <name>', 'what the pictures show: "metal nut", a class of a known data set, or "object"')
      .option('--dataset <name>', 'look the class up in this data set only, and refuse it when it is not there')
      .requiredOption(
        '--weights <file>',
        'CLIP weights: OpenAI\'s .pt, or safetensors; "tiny" for the small model of the package ("./tiny" for a file of that name), "synthetic" for one that knows nothing',
      )
      .option(
        '--adapters <dir>',
        'folder with text_adapter and image_adapter; "tiny" for those of the package; without it plain CLIP is used',
      )
      .option('--epoch <n>', 'use image_adapter_<n> of that folder', count(0))
      .addOption(
        new Option(
          '--domain <kind>',
          "how maps are smoothed and scores made (default: the class's own, else Industrial)",
        ).choices(['Industrial', 'Medical']),
      )
      .option('--img_size <px>', 'side the pictures are resized to (default: as trained, else 518)', count(14))
      .option('--text_adapt_weight <w>', 'share of a text adapter in its mix (default: as trained, else 0.1)', number)
      .option(
        '--image_adapt_weight <w>',
        'share of an image adapter in its mix (default: as trained, else 0.1)',
        number,
      )
      .option('--batch_size <n>', 'pictures at a time (default: chosen to fit the adapter)', count(1))
      .addOption(
        new Option(
          '--activation <kind>',
          "gelu as published, or quickgelu as OpenAI's weights were trained (default: as the adapters, else gelu)",
        ).choices(['gelu', 'quickgelu']),
      )
      .option('--out <dir>', 'where heatmaps and maps go', 'out')
      .addOption(new Option('--raw <format>', 'also write the map as numbers').choices(['npy', 'safetensors']))
      .option('--map', 'also write the map as an 8-bit grey picture')
      .option('--no-heatmap', 'write no overlay')
      .addOption(
        new Option('--range <kind>', 'colours: fixed (0 to 1, comparable between pictures) or stretched to each image')
          .choices(['fixed', 'image'])
          .default('fixed'),
      )
      .option('--threshold <score>', 'say yes or no: a picture at or above it is anomalous', number)
      .option('--pixel_threshold <p>', 'outline where the map is at or above it, and write that as a mask', number),
  );
}
