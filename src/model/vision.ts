/** CLIP's image tower. */

import { recompute } from '../autograd/recompute.js';
import type { Gpu } from '../gpu/gpu.js';
import type { ClipTensors } from '../io/clip_names.js';
import type { Activation } from '../kernels/epilogue.js';
import { FrozenMatrix } from '../kernels/frozen_matrix.js';
import { type Block, block, type Norm, norm, type Weight } from '../nn/layers.js';
import { residualAdapter } from '../ops/adapter_mix.js';
import { linear } from '../ops/linear.js';
import { resizePositional } from '../ops/positional.js';
import { reshape } from '../ops/reshape.js';
import { slice } from '../ops/slice.js';
import { assembleTokens } from '../ops/tokens.js';
import { unfold } from '../ops/unfold.js';
import { persist, type Tensor, tidy } from '../tensor/tensor.js';
import type { ClipConfig } from './config.js';
import { type LoadOptions, type NamedWeight, WeightLoader } from './weights.js';

export interface VisionTower extends Disposable {
  readonly config: ClipConfig;
  readonly imageSize: number;
  readonly activation: Activation;
  readonly roundProducts: boolean;
  /** [W, 3 P P] */
  readonly conv: Weight;
  /** [W] */
  readonly cls: Tensor;
  /** [1 + G G, W], resized to the image size. */
  readonly positional: Tensor;
  readonly lnPre: Norm;
  readonly blocks: readonly Block[];
  readonly lnPost: Norm;
  /** [E, W] */
  readonly proj: Weight;
  /** The trainable weights, if the tower was loaded for training. */
  readonly named: readonly NamedWeight[];
}

export interface VisionOptions {
  /** One [W, W] adapter for each of the first blocks, applied after it. */
  readonly adapters?: readonly Weight[] | undefined;
  /** Share of the adapter in the mix. */
  readonly mix?: number | undefined;
  /** V-V attention in the last `vvBlocks` blocks: along tokens as the paper describes, along the batch as published. */
  readonly vv?: 'token' | 'batch' | undefined;
  readonly vvBlocks?: number | undefined;
  /** Keep only the blocks' inputs, and run each block again in the backward pass. */
  readonly recompute?: boolean | undefined;
}

export interface VisionTokens {
  /** After the last block, [B, 1 + G G, W]. */
  readonly last: Tensor;
  /** After the blocks of `config.levels`. */
  readonly levels: readonly Tensor[];
}

/** Loads the image tower, and resizes its positional grid to `imageSize`. @throws when a tensor is missing */
export async function loadVision(
  gpu: Gpu,
  tensors: ClipTensors,
  config: ClipConfig,
  imageSize: number,
  options: LoadOptions & { activation: Activation },
): Promise<VisionTower> {
  const grid = Math.floor(imageSize / config.patch);
  if (grid < 1) throw new Error(`image size: expected at least one patch of ${config.patch}, got ${imageSize}`);
  const loader = new WeightLoader(gpu, tensors, options);
  let resized: Tensor | undefined;
  try {
    const positional = await loader.tensor('visual.positional_embedding');
    const own = tidy(() => resizePositional(positional, grid));
    resized = own === positional ? own : persist(own);
    const blocks: Block[] = [];
    const conv = await loader.matrix('visual.conv1.weight');
    for (let i = 0; i < config.visionLayers; i++) blocks.push(await loader.block(`visual.transformer.resblocks.${i}`));
    return {
      config,
      imageSize,
      activation: options.activation,
      roundProducts: options.roundProducts ?? false,
      conv,
      cls: await loader.tensor('visual.class_embedding'),
      positional: own,
      lnPre: await loader.norm('visual.ln_pre'),
      blocks,
      lnPost: await loader.norm('visual.ln_post'),
      proj: await loader.matrix('visual.proj', true),
      named: loader.named,
      [Symbol.dispose]: () => {
        loader[Symbol.dispose]();
        own.release();
      },
    };
  } catch (error) {
    loader[Symbol.dispose]();
    resized?.release();
    throw error;
  }
}

/**
 * Tokens after the last block and at each level.
 * @param image [B, 3, S, S], normalised
 * @throws when the size is not the tower's
 */
export function visionTokens(image: Tensor, tower: VisionTower, options: VisionOptions = {}): VisionTokens {
  const { config, blocks, activation, roundProducts } = tower;
  const { adapters = [], mix = 0.1, vv, vvBlocks = 0 } = options;
  if (image.dim(-1) !== tower.imageSize || image.dim(-2) !== tower.imageSize) {
    throw new Error(`image tower: expected pictures of ${tower.imageSize} px, got [${image.shape.join(', ')}]`);
  }
  return tidy(() => {
    const levels: Tensor[] = [];
    let x = tidy(() => {
      const patches = linear(unfold(image, config.patch), tower.conv, { roundProducts }); // [B, G G, W]
      return norm(assembleTokens(patches, tower.cls, tower.positional), tower.lnPre);
    });
    blocks.forEach((p, i) => {
      const mode = vv && i >= blocks.length - vvBlocks ? (`vv_${vv}` as const) : 'full';
      const before = x;
      const adapter = adapters[i];
      const body = ([input, weight]: readonly Tensor[]): Tensor =>
        tidy(() => {
          const y = block(input!, p, { heads: config.visionHeads, mode, activation, roundProducts });
          return adapter ? residualAdapter(y, weight ?? adapter, mix) : y;
        });
      const trainable = adapter && !(adapter instanceof FrozenMatrix) ? [adapter] : [];
      x = options.recompute ? recompute([before, ...trainable], body) : body([before]);
      // Only a level or the tape needs a block's input again.
      if (!levels.includes(before)) before.release();
      if (config.levels.includes(i + 1)) levels.push(x);
    });
    return { last: x, levels };
  });
}

/** Plain CLIP's image embeddings [B, E], not normalised. */
export function encodeImage(image: Tensor, tower: VisionTower): Tensor {
  return tidy(() => {
    const { last } = visionTokens(image, tower);
    return classEmbedding(last, tower);
  });
}

/** Image embeddings [B, E] of the last block's tokens [B, 1 + G G, W], not normalised. */
export function classEmbedding(last: Tensor, tower: VisionTower): Tensor {
  return tidy(() => {
    const cls = slice(last, 1, 0, 1); // [B, 1, W]
    return linear(norm(reshape(cls, [last.dim(0), last.dim(2)]), tower.lnPost), tower.proj, {
      roundProducts: tower.roundProducts,
    });
  });
}
