/** The flags of `train`, with the published program's names and defaults. */
import { type Command, Option } from 'commander';
import type { CheckpointFormat } from '../../node/run_folder.js';
import { type DataFlags, dataOptions } from '../../node/sample_lists.js';
import { type AugmentChances, NO_CHANCES, PUBLISHED_CHANCES } from '../../train/augment_plan.js';
import type { TrainFlags } from '../../train/training_run.js';
import { type CommonOptions, count, number } from '../options.js';

export interface TrainCommandFlags extends CommonOptions, DataFlags {
  readonly training_mode: 'few_shot' | 'full_shot';
  readonly shot: number;
  readonly weights: string;
  readonly img_size: number;
  readonly surgery_until_layer: number;
  readonly relu?: boolean;
  readonly init: 'random' | 'clip';
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
  readonly format: CheckpointFormat;
  readonly save_every: number;
  readonly threads?: number;
  readonly dry_run?: boolean;
}

/** Words of `--augment` and the chances each stands for. */
const KINDS: Readonly<Record<string, readonly (keyof AugmentChances)[]>> = {
  rotate: ['rotate'],
  translate: ['translate'],
  flip: ['horizontalFlip', 'verticalFlip'],
  brightness: ['brightness'],
  contrast: ['contrast'],
  saturation: ['saturation'],
};

/** `all`, `none`, or kinds separated by commas. @throws for a kind there is not */
export function augmentChances(text: string): AugmentChances {
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

export function trainOptions(command: Command): Command {
  return dataOptions(command.option('--dataset <name>', 'data set, known or your own', 'VisA'))
    .addOption(
      new Option('--training_mode <kind>', 'which list').choices(['few_shot', 'full_shot']).default('few_shot'),
    )
    .option('--shot <n>', 'samples a class in the few-shot list', count(1), 32)
    .requiredOption(
      '--weights <file>',
      'CLIP weights: OpenAI\'s .pt, or safetensors; "tiny" for the small model of the package ("./tiny" for a file of that name)',
    )
    .option('--model_name <name>', 'accepted for the published command line; sizes are read from the weights')
    .option('--img_size <px>', 'side pictures are resized to', count(14), 518)
    .option('--surgery_until_layer <n>', 'V-V attention in the last n - 1 blocks of stage one', count(1), 20)
    .option('--relu', 'LeakyReLU after the image projections')
    .addOption(
      new Option('--init <how>', "the adapters' projections start at random as published, or as CLIP's own")
        .choices(['random', 'clip'])
        .default('random'),
    )
    .option('--text_batch_size <n>', 'pictures a step of stage one', count(1), 16)
    .option('--image_batch_size <n>', 'pictures a step of stage two', count(1), 2)
    .option('--text_epoch <n>', "epochs of stage one; 0 keeps plain CLIP's anchors", count(0), 5)
    .option('--image_epoch <n>', 'epochs of stage two', count(0), 20)
    .option('--text_lr <rate>', 'learning rate of stage one', number, 1e-5)
    .option('--image_lr <rate>', 'learning rate of stage two, halved at steps 16000 and 32000', number, 5e-4)
    .option('--seed <n>', 'of initialisation, order and augmentation', count(0), 111)
    .option('--save_path <dir>', 'where checkpoints and logs go, and are looked for when resuming', 'ckpt/baseline')
    .option('--text_norm_weight <w>', 'weight of the orthogonality term', number, 0.1)
    .option('--text_adapt_weight <w>', 'share of a text adapter in its mix', number, 0.1)
    .option('--image_adapt_weight <w>', 'share of an image adapter in its mix', number, 0.1)
    .option('--text_adapt_until <n>', 'text blocks with an adapter', count(0), 3)
    .option('--image_adapt_until <n>', 'image blocks with an adapter', count(0), 6)
    .addOption(
      new Option('--activation <kind>', "gelu as published, or quickgelu as OpenAI's weights were trained")
        .choices(['gelu', 'quickgelu'])
        .default('gelu'),
    )
    .addOption(
      new Option('--vv <axis>', 'V-V attention along the batch as published, or along the tokens as described')
        .choices(['batch', 'token'])
        .default('batch'),
    )
    .addOption(
      new Option('--text_levels <which>', 'levels stage one steps on: the last as published, or all')
        .choices(['last', 'all'])
        .default('last'),
    )
    .option('--augment <kinds>', `all, none, or some of ${Object.keys(KINDS).join(',')}`, 'all')
    .addOption(
      new Option('--checkpointing <when>', 'run blocks again for their gradient instead of keeping what they computed')
        .choices(['auto', 'on', 'off'])
        .default('auto'),
    )
    .addOption(new Option('--format <kind>', 'of checkpoints').choices(['safetensors', 'pth']).default('safetensors'))
    .option('--save_every <n>', 'also save every n steps inside an epoch; 0 only at its end', count(0), 0)
    .option('--threads <n>', 'decoding threads', count(0))
    .option('--dry_run', 'print the plan: classes, pictures, steps, memory, time; train nothing');
}

/** What the engine needs of the flags. */
export function toTrainFlags(f: TrainCommandFlags, visionLayers: number, checkpointing: boolean): TrainFlags {
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
    checkpointing,
    activation: f.activation,
    precision: f.precision,
    saveEvery: f.save_every,
  };
}
