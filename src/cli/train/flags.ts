/** The flags of `train`, with the published program's names and defaults. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CheckpointFormat } from '../../node/run_folder.js';
import { type AugmentChances, NO_CHANCES, PUBLISHED_CHANCES } from '../../train/augment_plan.js';
import type { Init } from '../../train/resume.js';
import { PUBLISHED_SETTINGS as PUBLISHED } from '../../train/training_options.js';
import type { TrainFlags } from '../../train/training_run.js';
import { type DataFlags, dataOptions } from '../data_options.js';
import { maskOption, type PictureFlags, pictureOptions } from '../look_options.js';
import {
  activationOption,
  adapterShapeOptions,
  imageSizeOption,
  mixOptions,
  modelNameOption,
  threadsOption,
  weightsOption,
} from '../model_options.js';
import { type CommonOptions, common, count, number } from '../options.js';

export interface TrainCommandFlags extends CommonOptions, DataFlags, PictureFlags {
  readonly training_mode: 'few_shot' | 'full_shot';
  readonly shot: number;
  readonly weights: string;
  readonly img_size: number;
  readonly surgery_until_layer: number;
  readonly relu?: boolean;
  readonly init: Init;
  readonly text_batch_size: number;
  readonly image_batch_size: number;
  readonly text_epoch: number;
  readonly image_epoch: number;
  readonly text_lr: number;
  readonly image_lr: number;
  readonly seed: number;
  readonly save_path: string;
  readonly text_norm_weight: number;
  readonly text_adapt_weight: number;
  readonly image_adapt_weight: number;
  readonly text_adapt_until: number;
  readonly image_adapt_until: number;
  readonly activation: 'gelu' | 'quickgelu';
  readonly vv: 'batch' | 'token';
  readonly text_levels: 'last' | 'all';
  readonly augment: string;
  readonly checkpointing: 'auto' | 'on' | 'off';
  readonly memory_limit?: number;
  readonly format: CheckpointFormat;
  readonly save_every: number;
  readonly threads?: number;
  readonly seeds?: readonly number[];
  readonly test?: string;
  readonly test_data?: string;
  readonly test_epoch?: number;
}

/** Words of `--augment`, and the chances that each word turns on. */
const KINDS: Readonly<Record<string, readonly (keyof AugmentChances)[]>> = {
  rotate: ['rotate'],
  translate: ['translate'],
  flip: ['horizontalFlip', 'verticalFlip'],
  brightness: ['brightness'],
  contrast: ['contrast'],
  saturation: ['saturation'],
};

/** Reads `all`, `none`, or kinds separated by commas. @throws for an unknown kind */
function augmentChances(text: string): AugmentChances {
  if (text === 'all') return PUBLISHED_CHANCES;
  if (text === 'none') return NO_CHANCES;
  const chances: Record<string, number> = { ...NO_CHANCES };
  for (const kind of text.split(',').map((k) => k.trim())) {
    const keys = KINDS[kind];
    if (!keys)
      throw new Error(
        `--augment: unknown kind: expected all, none or some of ${Object.keys(KINDS).join(', ')}, got ${kind}`,
      );
    for (const key of keys) chances[key] = PUBLISHED_CHANCES[key];
  }
  return chances as unknown as AugmentChances;
}

/**
 * Reads `--seeds`: a count N stands for 0 to N - 1; several numbers are the seeds themselves, and a comma behind a single one
 * makes it a seed.
 */
export function seedList(text: string): number[] {
  const words = text.split(',').map((word) => word.trim());
  const single = words.length === 2 && words[1] === '';
  const numbers = (single ? words.slice(0, 1) : words).map((word) => (/^\d+$/.test(word) ? Number(word) : Number.NaN));
  if (numbers.some((n) => !Number.isSafeInteger(n)))
    throw new InvalidArgumentError('expected a number of seeds, or seeds separated by commas: 5, or 1,2,3.');
  const [count] = numbers;
  if (words.length === 1 && (count! < 1 || count! > MOST_SEEDS))
    throw new InvalidArgumentError(`expected 1 to ${MOST_SEEDS} seeds; the seed ${count} alone is written ${count},`);
  const seeds = words.length === 1 ? [...Array(count).keys()] : numbers;
  const twice = seeds.find((seed, i) => seeds.indexOf(seed) !== i);
  if (twice !== undefined) throw new InvalidArgumentError(`seed ${twice} is given twice.`);
  return seeds;
}

/** More seeds than anyone trains: a seed that was taken for a count. */
const MOST_SEEDS = 100;

/** Several seeds, and tests of their adapters. */
function sweepOptions(command: Command): Command {
  return command
    .option(
      '--seeds <list>',
      'train once for each seed, in folders of their own: a count (5 means 0 to 4), or seeds as 1,2,3',
      seedList,
    )
    .option('--test <names>', 'test the adapters of each seed on these data sets, separated by commas, or "all"')
    .option('--test_data <dir>', 'where the data sets of --test are (default: --data)')
    .option('--test_epoch <n>', 'epoch of stage two that is tested (default: the last)', count(1));
}

/** What is trained on, and how much of it. */
function sampleOptions(command: Command): Command {
  return dataOptions(
    command.option('--dataset <name>', 'data set: one of the known names, or any name for your own', 'VisA'),
  )
    .addOption(
      new Option(
        '--training_mode <kind>',
        'samples to train on: --shot of each class (few_shot) or all of them (full_shot)',
      )
        .choices(['few_shot', 'full_shot'])
        .default('few_shot'),
    )
    .option(
      '--shot <n>',
      'samples of each class: those of N-shot.jsonl, or, where there is none, half normal and half abnormal ones drawn by --seed',
      count(1),
      32,
    )
    .option('--augment <kinds>', `augmentation: all, none, or some of ${Object.keys(KINDS).join(',')}`, 'all');
}

/** The model and its adapters. */
function modelOptions(command: Command): Command {
  imageSizeOption(modelNameOption(weightsOption(command)), PUBLISHED.imageSize)
    .option(
      '--surgery_until_layer <n>',
      'V-V attention in the last n - 1 blocks of stage one',
      count(1),
      PUBLISHED.vvBlocks + 1,
    )
    .addOption(
      new Option(
        '--init <how>',
        "start the adapters' projections at random as published, or from CLIP's own projections",
      )
        .choices(['random', 'clip'])
        .default('random'),
    );
  return activationOption(mixOptions(adapterShapeOptions(command, 'choose'), PUBLISHED.textMix), 'gelu').addOption(
    new Option('--vv <axis>', 'V-V attention along the batch as published, or along the tokens as the paper describes')
      .choices(['batch', 'token'])
      .default(PUBLISHED.vv),
  );
}

/** Steps, rates and losses. */
function scheduleOptions(command: Command): Command {
  return command
    .option('--text_batch_size <n>', 'pictures per step of stage one', count(1), PUBLISHED.textBatch)
    .option('--image_batch_size <n>', 'pictures per step of stage two', count(1), PUBLISHED.imageBatch)
    .option('--text_epoch <n>', "epochs of stage one; 0 keeps plain CLIP's anchors", count(0), PUBLISHED.textEpochs)
    .option('--image_epoch <n>', 'epochs of stage two', count(0), PUBLISHED.imageEpochs)
    .option('--text_lr <rate>', 'learning rate of stage one', number, PUBLISHED.textRate)
    .option(
      '--image_lr <rate>',
      'learning rate of stage two, halved at steps 16000 and 32000',
      number,
      PUBLISHED.imageRate,
    )
    .option(
      '--seed <n>',
      'seed of few-shot draws, the initial adapters, the order of samples and augmentation',
      count(0),
      PUBLISHED.seed,
    )
    .option(
      '--text_norm_weight <w>',
      'weight of the orthogonality term in the loss of stage one',
      number,
      PUBLISHED.textNormWeight,
    )
    .addOption(
      new Option('--text_levels <which>', 'levels whose loss stage one minimises: the last as published, or all')
        .choices(['last', 'all'])
        .default(PUBLISHED.textLevels),
    );
}

/** Files, memory and threads. */
function runOptions(command: Command): Command {
  return threadsOption(
    command
      .option(
        '--save_path <dir>',
        'folder for checkpoints and logs, for one training at a time; it resumes from the checkpoints in it',
        'ckpt/baseline',
      )
      .addOption(
        new Option('--format <kind>', 'format of checkpoints').choices(['safetensors', 'pth']).default('safetensors'),
      )
      .option(
        '--save_every <n>',
        'also save every n steps within an epoch; 0 saves only at the end of each epoch',
        count(0),
        PUBLISHED.saveEvery,
      )
      .addOption(
        new Option(
          '--recompute, --checkpointing <when>',
          'recompute activations for the backward pass instead of keeping them: less memory, more time',
        )
          .choices(['auto', 'on', 'off'])
          .default('auto'),
      )
      .option(
        '--memory_limit <gib>',
        "buffers that training may have; beyond it, auto recomputes (default: 0.7 of this machine's memory on a software adapter, 5.6 on others)",
        number,
      ),
  ).option(
    '--dry_run',
    'look at all pictures and masks, print the plan (classes, pictures, steps, memory, time) and train nothing',
  );
}

export function trainOptions(command: Command): Command {
  const learns = scheduleOptions(modelOptions(maskOption(pictureOptions(sampleOptions(command)))));
  return common(sweepOptions(runOptions(learns)));
}

/** The flags as the engine takes them; the plan decides whether to recompute. */
export function toTrainFlags(f: TrainCommandFlags, visionLayers: number): TrainFlags {
  return {
    imageSize: f.img_size,
    seed: f.seed,
    shape: { textUntil: f.text_adapt_until, imageUntil: f.image_adapt_until, relu: f.relu ?? false },
    textEpochs: f.text_epoch,
    imageEpochs: f.image_epoch,
    textBatch: f.text_batch_size,
    imageBatch: f.image_batch_size,
    textRate: f.text_lr,
    imageRate: f.image_lr,
    textNormWeight: f.text_norm_weight,
    textMix: f.text_adapt_weight,
    imageMix: f.image_adapt_weight,
    vv: f.vv,
    vvBlocks: Math.min(f.surgery_until_layer - 1, visionLayers - 1),
    textLevels: f.text_levels,
    chances: augmentChances(f.augment),
    recompute: false,
    activation: f.activation,
    precision: f.precision,
    saveEvery: f.save_every,
  };
}
