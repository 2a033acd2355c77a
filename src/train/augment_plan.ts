/** How a sample is augmented: drawn from seed, epoch and index, so that a run can be repeated. */
import { Draws } from '../data/random.js';
import type { ColourJitter } from '../picture/augment_colour.js';
import type { Geometry } from '../picture/augment_geometry.js';

/**
 * Probability of each kind; 0 turns it off. Each kind has its own draws: turning one off leaves the others unchanged.
 */
export interface AugmentChances {
  readonly rotate: number;
  readonly translate: number;
  readonly horizontalFlip: number;
  readonly verticalFlip: number;
  readonly brightness: number;
  readonly contrast: number;
  readonly saturation: number;
}

/** The published program's chances; colours change in the image stage only. */
export const PUBLISHED_CHANCES: AugmentChances = {
  rotate: 0.5,
  translate: 0.5,
  horizontalFlip: 0.5,
  verticalFlip: 0.5,
  brightness: 0.7,
  contrast: 0.7,
  saturation: 0.7,
};

/** Changes nothing. */
export const NO_CHANCES: AugmentChances = {
  rotate: 0,
  translate: 0,
  horizontalFlip: 0,
  verticalFlip: 0,
  brightness: 0,
  contrast: 0,
  saturation: 0,
};

/** Largest rotation in either direction, in degrees. */
const MOST_DEGREES = 30;
/** Largest shift in either direction, as a share of the picture's side. */
const MOST_SHIFT = 0.15;
/** Range of the factors of brightness, contrast and saturation. */
const FACTORS = [0.5, 1.5] as const;

export interface AugmentPurpose {
  readonly seed: number;
  readonly stage: 'text' | 'image';
  readonly epoch: number;
  /** Index of the sample in its data set, independent of the order of the epoch. */
  readonly index: number;
  /** Side of the prepared picture, in pixels. */
  readonly imageSize: number;
}

export interface AugmentPlan {
  /** For the prepared picture and its mask. */
  readonly geometry: Geometry;
  /** For the 8-bit picture before it is resized; undefined where nothing changes. */
  readonly colour: ColourJitter | undefined;
}

/** Draws the augmentation of one sample. */
export function augmentPlan(
  { seed, stage, epoch, index, imageSize }: AugmentPurpose,
  chances: AugmentChances = PUBLISHED_CHANCES,
): AugmentPlan {
  const draws = new Draws({ seed, stream: `augment ${stage}`, epoch, index });
  // Every number is drawn, even if it is not used, so that each kind always gets the same ones.
  const happens = (kind: keyof AugmentChances): boolean => draws.uniform() < chances[kind];
  const shift = (): number => Math.round(draws.between(-1, 1) * MOST_SHIFT * imageSize) + 0;
  const turn = happens('rotate');
  const degrees = draws.between(-MOST_DEGREES, MOST_DEGREES);
  const move = happens('translate');
  const [right, down] = [shift(), shift()];
  const geometry: Geometry = {
    rotate: turn ? degrees : 0,
    translate: move ? [right, down] : [0, 0],
    horizontalFlip: happens('horizontalFlip'),
    verticalFlip: happens('verticalFlip'),
  };
  const colour: Record<string, number> = {};
  for (const kind of ['brightness', 'contrast', 'saturation'] as const) {
    const changes = happens(kind);
    const factor = draws.between(...FACTORS);
    if (changes && stage === 'image') colour[kind] = factor;
  }
  return { geometry, colour: Object.keys(colour).length > 0 ? colour : undefined };
}
