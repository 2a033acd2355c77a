/** CLIP's image tower. */

import { recompute } from '../autograd/recompute.js';
import type { Gpu } from '../gpu/gpu.js';
import type { ClipTensors } from '../io/clip_names.js';
import type { Activation } from '../kernels/epilogue.js';
import { FrozenMatrix } from '../kernels/frozen_matrix.js';
import { firstOfBlock } from '../nn/class_row.js';
import { type Block, block, type Norm, norm, type Weight } from '../nn/layers.js';
import { residualAdapterRows } from '../ops/adapter_mix.js';
import type { AttentionMode } from '../ops/attention.js';
import { layerNorm } from '../ops/layer_norm.js';
import { linear } from '../ops/linear.js';
import type { Rows } from '../ops/norm_linear.js';
import { type PositionalResize, resizePositional } from '../ops/positional.js';
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

/** Takes the tokens [B, 1 + G G, W] of a level, whose index is counted from 0; what it makes of them is in `VisionTokens.made`. */
export type AtLevel = (tokens: Tensor, level: number) => Tensor | undefined;

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
  /** The levels that are wanted, of `config.levels`; all by default. */
  readonly levels?: readonly number[] | undefined;
  /**
   * Called with the tokens of each level as soon as they are there. What it returns is differentiated before the blocks below
   * that level, so that no gradient of a level waits in memory for its turn.
   */
  readonly atLevel?: AtLevel | undefined;
}

export interface VisionTokens {
  /** After the last block, [B, 1 + G G, W]. */
  readonly last: Tensor;
  /** After the blocks of `config.levels`. */
  readonly levels: readonly Tensor[];
  /** What `atLevel` made of each level. */
  readonly made: readonly Tensor[];
}

/**
 * Loads the image tower, and resizes its positional grid to `imageSize`, antialiased bicubic unless told otherwise.
 * @throws when a tensor is missing
 */
export async function loadVision(
  gpu: Gpu,
  tensors: ClipTensors,
  config: ClipConfig,
  imageSize: number,
  options: LoadOptions & { activation: Activation; positional?: PositionalResize | undefined },
): Promise<VisionTower> {
  const grid = Math.floor(imageSize / config.patch);
  if (grid < 1) throw new Error(`image size: expected at least one patch of ${config.patch}, got ${imageSize}`);
  const loader = new WeightLoader(gpu, tensors, options);
  let resized: Tensor | undefined;
  try {
    const positional = await loader.tensor('visual.positional_embedding');
    const own = tidy(() => resizePositional(positional, grid, options.positional));
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

/** Tokens [B, 1 + G G, W] before the first block. */
export function embedImage(image: Tensor, tower: VisionTower): Tensor {
  if (image.dim(-1) !== tower.imageSize || image.dim(-2) !== tower.imageSize) {
    throw new Error(`image tower: expected pictures of ${tower.imageSize} px, got [${image.shape.join(', ')}]`);
  }
  return tidy(() => {
    const { conv, roundProducts, config } = tower;
    const patches = linear(unfold(image, config.patch), conv, { roundProducts }); // [B, G G, W]
    return norm(assembleTokens(patches, tower.cls, tower.positional), tower.lnPre);
  });
}

/** A run of a tower's blocks. */
interface Stretch {
  /** Index of its first block, and of the first block after it. */
  readonly from: number;
  readonly to: number;
  readonly mode: AttentionMode;
  /** The caller needs the input again. */
  readonly keepInput?: boolean;
}

/** Tokens after a run of blocks, and those of the levels in it. */
export function runBlocks(
  input: Tensor,
  tower: VisionTower,
  { from, to, mode, keepInput = false }: Stretch,
  { adapters = [], mix = 0.1, ...options }: VisionOptions,
): VisionTokens {
  const { config, activation, roundProducts } = tower;
  const wanted = options.levels ?? config.levels;
  const levels: Tensor[] = [];
  const made: Tensor[] = [];
  let rows: Rows = { x: input };
  for (let i = from; i < to; i++) {
    const before = rows;
    const adapter = adapters[i];
    const body = (given: Rows, weight = adapter): Rows =>
      tidy(() => {
        const y = block(given, tower.blocks[i]!, { heads: config.visionHeads, mode, activation, roundProducts });
        return weight ? residualAdapterRows(y.x, weight, mix) : y;
      });
    const trainable = adapter && !(adapter instanceof FrozenMatrix) ? [adapter] : [];
    rows = options.recompute
      ? { x: recompute([before.x, ...trainable], ([x, weight]) => body({ x: x! }, weight).x) }
      : body(before);
    before.moments?.data.release();
    // Only a level, the tape or the caller needs a block's input again.
    if (!levels.includes(before.x) && !(keepInput && before.x === input)) before.x.release();
    if (!wanted.includes(i + 1)) continue;
    levels.push(rows.x);
    const own = options.atLevel?.(rows.x, wanted.indexOf(i + 1));
    if (own) made.push(own);
  }
  return { last: rows.x, levels, made };
}

/**
 * Tokens after the last block and at each level.
 * @param image [B, 3, S, S], normalised
 * @throws when the size is not the tower's
 */
export function visionTokens(image: Tensor, tower: VisionTower, options: VisionOptions = {}): VisionTokens {
  const { vv, vvBlocks = 0 } = options;
  const to = tower.blocks.length;
  const fork = vv ? Math.max(0, to - vvBlocks) : to;
  return tidy(() => {
    const plain = runBlocks(embedImage(image, tower), tower, { from: 0, to: fork, mode: 'full' }, options);
    if (!vv || fork === to) return plain;
    const keepInput = plain.levels.includes(plain.last);
    const rest = runBlocks(plain.last, tower, { from: fork, to, mode: `vv_${vv}`, keepInput }, options);
    return {
      last: rest.last,
      levels: [...plain.levels, ...rest.levels],
      made: [...plain.made, ...rest.made],
    };
  });
}

/** Plain CLIP's image embeddings [B, E], not normalised. */
export function encodeImage(image: Tensor, tower: VisionTower): Tensor {
  return tidy(() => {
    const stretch = { from: 0, to: tower.blocks.length - 1, mode: 'full' } as const;
    return lastClass(runBlocks(embedImage(image, tower), tower, stretch, { levels: [] }).last, tower);
  });
}

/** Image embeddings [B, E] of the tokens before the last block. */
export function lastClass(before: Tensor, tower: VisionTower): Tensor {
  const { config, blocks, activation, roundProducts } = tower;
  const cls = firstOfBlock(before, blocks.at(-1)!, { heads: config.visionHeads, activation, roundProducts }); // [B, W]
  return linear(norm(cls, tower.lnPost), tower.proj, { roundProducts });
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

/** ln_post of the patch tokens: [B, 1 + G G, W] to [B, G G, W]. */
export function patchTokens(tokens: Tensor, tower: VisionTower): Tensor {
  const { weight, bias } = tower.lnPost;
  return layerNorm(tokens, weight, bias, { skip: 1 });
}
