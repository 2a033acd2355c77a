/** Flags of the commands that judge pictures for a long time, and the judge that they choose. */
import type { Command } from 'commander';
import { findClass } from '../data/class_prompts.js';
import type { Domain } from '../data/datasets.js';
import { printable } from '../data/printable.js';
import type { Detector } from '../detect/detector.js';
import { loadDetector } from '../node/node_library.js';
import { openRegistry } from '../node/registry_source.js';
import { type RegistryFlags, registryOptions } from './data_options.js';
import { DetectorJudge } from './judge.js';
import { type PictureFlags, readingOptions, rulesOf } from './look_options.js';
import {
  activationOption,
  batchSizeOption,
  cacheOption,
  domainOption,
  imageSizeOption,
  mixOptions,
  weightsOption,
} from './model_options.js';
import { type CommonOptions, common, count, number, openDevice } from './options.js';
import { progress } from './progress.js';

export interface JudgeFlags extends CommonOptions, RegistryFlags, PictureFlags {
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
  readonly threshold?: number;
}

/** Whether the flags say which pictures are anomalous. */
export const decides = ({ threshold }: JudgeFlags): boolean => threshold !== undefined;

/** Adds the flags of model, device, decision and reading. */
export function judgeOptions(command: Command): Command {
  const named = weightsOption(command)
    .option(
      '--adapters <dir>',
      'folder with text_adapter and image_adapter; "tiny": the adapters that come with the program (default: none, plain CLIP)',
    )
    .option('--epoch <n>', 'use image_adapter_<n> of the --adapters folder', count(0))
    .option(
      '--threshold <score>',
      'pictures with this score or more are anomalous; without it nothing is decided',
      number,
    )
    .option('--dataset <name>', 'look up classes in this data set only; an error if it has no such class');
  return common(
    registryOptions(
      readingOptions(cacheOption(activationOption(batchSizeOption(mixOptions(imageSizeOption(domainOption(named))))))),
    ),
  );
}

/**
 * Opens device and model.
 * @throws AaclipError, or one line that says which flag is wrong
 */
export async function openJudge(classes: readonly string[], flags: JudgeFlags): Promise<DetectorJudge> {
  const quiet = flags.json ?? false;
  const registry = await openRegistry(flags);
  if (flags.dataset !== undefined) for (const name of classes) findClass(flags.dataset, name, registry);
  const load = async (): Promise<Detector> => {
    const loading = progress('weights', 1, quiet);
    const detector = await loadDetector({
      weights: flags.weights,
      adapters: flags.adapters,
      epoch: flags.epoch,
      pictures: rulesOf(flags),
      classes: classes.map((name) => ({ name, domain: flags.domain, dataset: flags.dataset })),
      registry,
      imageSize: flags.img_size,
      textMix: flags.text_adapt_weight,
      imageMix: flags.image_adapt_weight,
      activation: flags.activation,
      precision: flags.precision,
      cache: flags.cache,
      batchSize: flags.batch_size,
      gpu: () => openDevice(flags),
      onNote: (note) => {
        if (!quiet) process.stderr.write(`note: ${printable(note)}\n`);
      },
      onProgress: (share) => loading.update(share),
    });
    loading.finish();
    return detector;
  };
  const judge = new DetectorJudge(load, flags.threshold);
  const { adapted } = (await judge.detector()).settings;
  if (!adapted && !quiet) {
    process.stderr.write('no --adapters: plain CLIP is used, which is weaker than an adapted model\n');
  }
  return judge;
}
