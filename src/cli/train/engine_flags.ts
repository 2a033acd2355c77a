/** The flags of `train` as the engine takes them. */
import { type AugmentChances, NO_CHANCES, PUBLISHED_CHANCES } from '../../train/augment_plan.js';
import type { TrainFlags } from '../../train/training_run.js';
import type { TrainCommandFlags } from './flags.js';

/** Words of `--augment`, and the chances that each word turns on. */
export const KINDS: Readonly<Record<string, readonly (keyof AugmentChances)[]>> = {
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

/** Those flags that the engine takes. */
export type EngineFlags = Pick<
  TrainCommandFlags,
  | 'img_size'
  | 'seed'
  | 'text_adapt_until'
  | 'image_adapt_until'
  | 'relu'
  | 'text_epoch'
  | 'image_epoch'
  | 'text_batch_size'
  | 'image_batch_size'
  | 'text_lr'
  | 'image_lr'
  | 'text_norm_weight'
  | 'text_adapt_weight'
  | 'image_adapt_weight'
  | 'vv'
  | 'surgery_until_layer'
  | 'text_levels'
  | 'augment'
  | 'activation'
  | 'precision'
  | 'save_every'
>;

/** The flags as the engine takes them; the plan decides whether to recompute. */
export function toTrainFlags(f: EngineFlags, visionLayers: number): TrainFlags {
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
