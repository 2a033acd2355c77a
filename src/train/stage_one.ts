/** Stage one: the text adapters learn to tell normal from abnormal patches of frozen image features. */

import { textAnchors } from '../model/anomaly.js';
import type { PromptRows } from '../model/prompt_rows.js';
import { encodeText, type TextTower } from '../model/text.js';
import { add, combine } from '../ops/add.js';
import { matmul } from '../ops/matmul.js';
import { multiply } from '../ops/multiply.js';
import { mean } from '../ops/reduce.js';
import { reshape } from '../ops/reshape.js';
import { segmentationLoss } from '../ops/segmentation_loss.js';
import { similarity } from '../ops/similarity.js';
import { slice } from '../ops/slice.js';
import { type Tensor, tidy } from '../tensor/tensor.js';
import { anchorsOf } from './batch.js';
import { type Parameters, textAdapterWeights } from './parameters.js';

/** The prompts of the classes in a batch, and the class of each picture. */
export interface ClassBatch extends PromptRows {
  /** Index of each picture's class in the batch. */
  readonly owner: Uint32Array;
}

export interface StageOneOptions {
  /** Share of the adapter in the mix. */
  readonly mix: number;
  /** Weight of the orthogonality term. */
  readonly orthogonality: number;
  /** Levels whose loss is minimised: `last` as published, or `all`. */
  readonly levels: 'last' | 'all';
}

export interface LossTerms {
  /** [1] */
  readonly loss: Tensor;
  /** Its terms, [1] each. */
  readonly terms: readonly Tensor[];
}

export interface StageOneBatch {
  /** Frozen patch features, one [B, G G, E] for each level. */
  readonly features: readonly Tensor[];
  /** [B, 1, S, S] of 0 and 1. */
  readonly masks: Tensor;
  readonly classes: ClassBatch;
}

/** The loss of a batch and its terms: segmentation, orthogonality. */
export function stageOneLoss(
  batch: StageOneBatch,
  tower: TextTower,
  adapters: Parameters,
  options: StageOneOptions,
): LossTerms {
  const { features, masks, classes } = batch;
  return tidy(() => {
    const rows = encodeText(classes.ids, tower, textAdapterWeights(adapters), options.mix);
    const anchors = textAnchors(rows, classes.counts); // [C, E, 2]
    const own = anchorsOf(anchors, classes.owner); // [B, E, 2]
    // <normal, abnormal> of every picture's class, averaged over the batch, then squared.
    const products = matmul(own, own, { transA: true }); // [B, 2, 2]
    const overlap = mean(slice(reshape(products, [classes.owner.length, 4]), 1, 1, 1), 0); // [1]
    const used = options.levels === 'last' ? features.slice(-1) : features;
    const losses = used.map((f) => {
      const [b, l] = f.shape as [number, number];
      const g = Math.sqrt(l);
      return segmentationLoss(reshape(similarity(f, own), [b, 2, g, g]), masks);
    });
    const segmentation = losses.reduce((a, b) => add(a, b));
    const orthogonality = multiply(overlap, overlap);
    const loss = combine(segmentation, 1, orthogonality, options.orthogonality * used.length);
    return { loss, terms: [segmentation, orthogonality] };
  });
}
