/** What a texture is: a surface that fills the picture. */
import type { ColorName } from '../colors.js';
import type { Rng } from '../rng.js';
import type { Surface } from '../scene.js';

export interface Look {
  readonly surface: Surface;
  /** What captions call its colour, where one word says it. */
  readonly color?: ColorName;
}

export interface Texture {
  readonly name: string;
  /** Name in captions and prompts. */
  readonly words: string;
  readonly synonyms: readonly string[];
  /** Draws in picture units at scale 1. */
  readonly make: (rng: Rng) => Look;
  /** Range of the scale it is shown at. */
  readonly zoom: readonly [number, number];
  /** Whether it is mostly laid straight, as tiles are, rather than in any direction. */
  readonly straight?: boolean;
}
