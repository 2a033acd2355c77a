/** How a method is used: as the user says, else as a checkpoint records, else as the method usually is. */
import type { Activation } from '../kernels/epilogue.js';
import type { ClipConfig } from '../model/config.js';
import type { Method } from '../model/methods/method.js';
import type { PositionalResize } from '../ops/positional.js';
import { DEFAULT_IMAGE_SIZE } from './anomaly_model.js';
import type { TowerOptions } from './tower_use.js';
import type { TrainedWith } from './trained_with.js';

/** What a setting was taken from. */
export type DecidedBy = 'given' | 'trained' | 'method';

export interface MethodSettings {
  /** Name of the method. */
  readonly method: string;
  readonly imageSize: number;
  /** Shares of adapters in their mixes, for AA-CLIP. */
  readonly textMix: number;
  readonly imageMix: number;
  readonly activation: Activation;
  /** How positions are resized for another size of pictures. */
  readonly positional: PositionalResize;
  /** 1-based numbers of the blocks whose tokens are compared with the text. */
  readonly levels: readonly number[];
  /** What decided on the activation and on the levels. */
  readonly decided: { readonly activation: DecidedBy; readonly levels: DecidedBy };
}

/** What a user may say about the use of a method. */
export interface GivenUse extends TowerOptions {
  readonly imageSize?: number | undefined;
  readonly textMix?: number | undefined;
  readonly imageMix?: number | undefined;
}

/** @throws one line when levels are none of the tower's blocks, or not in their order */
export function methodSettings(
  method: Method,
  config: ClipConfig,
  given: GivenUse,
  trained: TrainedWith = {},
): MethodSettings {
  const imageSize = given.imageSize ?? trained.imageSize ?? DEFAULT_IMAGE_SIZE;
  const usual = method.towerDefaults(config, imageSize);
  const levels = given.levels ?? usual.levels;
  const { visionLayers } = config;
  if (
    levels.length === 0 ||
    levels.some((l, i) => !Number.isInteger(l) || l <= (levels[i - 1] ?? 0) || l > visionLayers)
  ) {
    throw new Error(
      `levels: expected numbers of blocks in rising order, 1 to ${visionLayers} in these weights, got ${levels.join(', ') || 'none'}`,
    );
  }
  return {
    method: method.name,
    imageSize,
    textMix: given.textMix ?? trained.textMix ?? 0.1,
    imageMix: given.imageMix ?? trained.imageMix ?? 0.1,
    activation: given.activation ?? trained.activation ?? usual.activation,
    positional: usual.positional,
    levels,
    decided: {
      activation: given.activation ? 'given' : trained.activation ? 'trained' : 'method',
      levels: given.levels ? 'given' : 'method',
    },
  };
}

const RESIZE: Readonly<Record<PositionalResize, string>> = {
  bicubic: 'bicubic, antialiased',
  bilinear: 'bilinear, not antialiased',
};

const BY: Readonly<Record<DecidedBy, string>> = { given: 'as given', trained: 'as trained', method: 'as published' };

/** One line on a method and how it is used. */
export function settingsLine({ title }: Method, { activation, levels, positional, decided }: MethodSettings): string {
  return `${title}: levels ${levels.join(' ')} (${BY[decided.levels]}), ${activation} (${BY[decided.activation]}), positions ${RESIZE[positional]}`;
}
