/** The flags of a detector, and opening it: the same for every command that scores pictures of its user. */
import type { Command } from 'commander';
import type { Domain, Registry } from '../data/datasets.js';
import { printable } from '../data/printable.js';
import type { Detector } from '../detect/detector.js';
import type { Gpu } from '../gpu/gpu.js';
import { loadDetector } from '../node/node_library.js';
import { type CalibrationFlags, openCalibrations } from './calibration_choice.js';
import type { RegistryFlags } from './data_options.js';
import { type PictureFlags, rulesOf } from './look_options.js';
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
  tileOf,
  tileOptions,
  weightsOption,
} from './model_options.js';
import { type CommonOptions, count, openDevice } from './options.js';
import { progress } from './progress.js';

export interface DetectorFlags
  extends CommonOptions,
    RegistryFlags,
    PictureFlags,
    MethodFlags,
    TileFlags,
    CalibrationFlags {
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
}

/** Adds the flags of the model and how it is used. */
export function detectorOptions(command: Command): Command {
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

/**
 * Opens the detector that the flags describe; what it is, and notes, go to stderr unless `--json` is given.
 * @param openGpu opens the device, once weights, adapters and classes have been checked
 * @throws AaclipError, or one line that says which flag is wrong
 */
export async function openDetector(
  classes: readonly string[],
  registry: Registry,
  flags: DetectorFlags,
  openGpu: () => Promise<Gpu> = () => openDevice(flags),
): Promise<Detector> {
  const quiet = flags.json ?? false;
  const tell = (line: string): void => {
    if (!quiet) process.stderr.write(`${line}\n`);
  };
  const tile = tileOf(flags);
  const loading = progress('weights', 1, quiet);
  const detector = await loadDetector({
    weights: flags.weights,
    adapters: flags.adapters,
    method: flags.method,
    levels: flags.levels,
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
    tile,
    gpu: openGpu,
    onNote: (note) => tell(`note: ${printable(note)}`),
    onProgress: (share) => loading.update(share),
  });
  loading.finish();
  try {
    await openCalibrations(detector, flags, (note) => tell(`note: ${printable(note)}`));
  } catch (error) {
    detector[Symbol.dispose]();
    throw error;
  }
  tell(detector.settings.about);
  if (!detector.settings.adapted) tell('no --adapters: plain CLIP is used, which is weaker than an adapted model');
  return detector;
}
