/** The flags of `train`, with the published program's names and defaults. */
import { type Command, Option } from 'commander';
import type { CheckpointFormat } from '../../node/run_folder.js';
import type { Init } from '../../train/resume.js';
import { PUBLISHED_SETTINGS as PUBLISHED } from '../../train/training_options.js';
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
import { type OptionalQueueFlags, optionalQueueOptions } from '../queue/queue_flags.js';
import { KINDS } from './engine_flags.js';
import { sweepOptions } from './seed_flags.js';

export interface TrainCommandFlags extends CommonOptions, DataFlags, PictureFlags, OptionalQueueFlags {
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

/** What a command trains and where it writes, unless flags say otherwise. */
export interface TrainPreset {
  readonly mode: 'few_shot' | 'full_shot';
  readonly savePath: string;
}

/** How much of the data is trained on. */
function sampleOptions(command: Command, { mode }: TrainPreset): Command {
  return dataOptions(command)
    .addOption(
      new Option(
        '--training_mode <kind>',
        'samples to train on: --shot of each class (few_shot) or all of them (full_shot)',
      )
        .choices(['few_shot', 'full_shot'])
        .default(mode),
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
function runOptions(command: Command, { savePath }: TrainPreset): Command {
  return threadsOption(
    command
      .option(
        '--save_path <dir>',
        'folder for checkpoints and logs, for one training at a time; it resumes from the checkpoints in it',
        savePath,
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

/** The flags of a training, apart from its data set. */
export function trainingOptions(command: Command, preset: TrainPreset): Command {
  const learns = scheduleOptions(modelOptions(maskOption(pictureOptions(sampleOptions(command, preset)))));
  return common(runOptions(learns, preset));
}

export function trainOptions(command: Command): Command {
  const named = command.option(
    '--dataset <name>',
    'data set: one of the known names, or any name for your own',
    'VisA',
  );
  return optionalQueueOptions(sweepOptions(trainingOptions(named, { mode: 'few_shot', savePath: 'ckpt/baseline' })));
}
