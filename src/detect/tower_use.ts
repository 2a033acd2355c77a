/** How the towers of a CLIP are used: as asked for, else as the method uses them. */
import type { Activation } from '../kernels/epilogue.js';
import type { ClipConfig } from '../model/config.js';
import type { Method, TowerDefaults } from '../model/methods/method.js';

/** How the towers are used; each by default as the method uses them. */
export interface TowerOptions {
  readonly activation?: Activation | undefined;
  /** 1-based numbers of the blocks whose tokens are compared with the text. */
  readonly levels?: readonly number[] | undefined;
}

/** How a method uses the towers of a CLIP for pictures of a size: as asked for, else by its own rules. */
export function towerUse(
  method: Method,
  config: ClipConfig,
  imageSize: number,
  { activation, levels }: TowerOptions,
): TowerDefaults {
  const usual = method.towerDefaults(config, imageSize);
  return { ...usual, activation: activation ?? usual.activation, levels: levels ?? usual.levels };
}
