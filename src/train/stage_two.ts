/** Stage two: the image adapters are trained; the anchors are fixed. */
import { recompute } from '../autograd/recompute.js';
import { detectionLogits } from '../model/anomaly.js';
import { patchTokens, type VisionTower, visionTokens } from '../model/vision.js';
import { add } from '../ops/add.js';
import { crossEntropy } from '../ops/cross_entropy.js';
import { l2Normalize } from '../ops/l2_normalize.js';
import { linear } from '../ops/linear.js';
import { mean } from '../ops/reduce.js';
import { reshape } from '../ops/reshape.js';
import { segmentationLoss } from '../ops/segmentation_loss.js';
import { similarity } from '../ops/similarity.js';
import { type Tensor, tidy } from '../tensor/tensor.js';
import { imageAdapterWeights, type Parameters } from './parameters.js';
import type { LossTerms } from './stage_one.js';

export interface StageTwoOptions {
  /** Share of the adapters in their mixes. */
  readonly mix: number;
  /** Keep only the inputs of each block and of each level's loss, and run them again for their gradients. */
  readonly recompute: boolean;
}

export interface StageTwoBatch {
  /** [B, 3, S, S] */
  readonly images: Tensor;
  /** Anchors of each picture's class, [B, E, 2]. */
  readonly anchors: Tensor;
  /** [B, 1, S, S] of 0 and 1. */
  readonly masks: Tensor;
  /** 0 normal, 1 abnormal. */
  readonly labels: Uint32Array;
}

/** The loss of a batch and its terms: the cross entropy of the detection token's cosines, then each level's segmentation loss. */
export function stageTwoLoss(
  batch: StageTwoBatch,
  tower: VisionTower,
  adapters: Parameters,
  options: StageTwoOptions,
): LossTerms {
  const { images, anchors, masks, labels } = batch;
  const { mix, recompute: again } = options;
  const { blocks, seg, det, relu } = imageAdapterWeights(adapters);
  const activation = relu ? 'leaky_relu' : 'none';
  const expected = tower.config.levels.length;
  if (seg.length !== expected) {
    throw new Error(`stage two: expected ${expected} projections, one for each level, got ${seg.length}`);
  }
  /** A loss of a level's unit patch tokens [B, G G, E]. */
  const lossOf = (tokens: Tensor, weight: Tensor, loss: (patches: Tensor) => Tensor): Tensor => {
    const body = ([t, w]: readonly Tensor[]): Tensor =>
      tidy(() => loss(l2Normalize(linear(patchTokens(t!, tower), w!, { activation }))));
    return again ? recompute([tokens, weight], body) : body([tokens, weight]);
  };
  const segmentation = (tokens: Tensor, level: number): Tensor =>
    lossOf(tokens, seg[level]!, (patches) => {
      const [b, l] = patches.shape as [number, number];
      const g = Math.sqrt(l);
      return segmentationLoss(reshape(similarity(patches, anchors), [b, 2, g, g]), masks);
    });
  return tidy(() => {
    const { levels, made: losses } = visionTokens(images, tower, {
      ...{ adapters: blocks, mix, recompute: again },
      atLevel: segmentation,
    });
    const detection = lossOf(levels.at(-1)!, det, (patches) =>
      crossEntropy(detectionLogits(mean(patches, 1), anchors), labels),
    );
    return { loss: losses.reduce((a, b) => add(a, b), detection), terms: [detection, ...losses] };
  });
}
