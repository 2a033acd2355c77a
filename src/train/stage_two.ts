/** Stage two: the image adapters are trained; the anchors are fixed. */
import { adaptedImage } from '../model/adapters.js';
import { detectionLogits } from '../model/anomaly.js';
import type { VisionTower } from '../model/vision.js';
import { add } from '../ops/add.js';
import { crossEntropy } from '../ops/cross_entropy.js';
import { reshape } from '../ops/reshape.js';
import { segmentationLoss } from '../ops/segmentation_loss.js';
import { similarity } from '../ops/similarity.js';
import { type Tensor, tidy } from '../tensor/tensor.js';
import { imageAdapterWeights, type Parameters } from './parameters.js';
import type { LossTerms } from './stage_one.js';

export interface StageTwoOptions {
  /** Share of the adapters in their mixes. */
  readonly mix: number;
  /** Keep only each block's input, and run the block again for its gradient. */
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
  return tidy(() => {
    const { seg, det } = adaptedImage(images, tower, imageAdapterWeights(adapters), options);
    const losses = seg.map((f) => {
      const [b, l] = f.shape as [number, number];
      const g = Math.sqrt(l);
      return segmentationLoss(reshape(similarity(f, anchors), [b, 2, g, g]), masks);
    });
    const detection = crossEntropy(detectionLogits(det, anchors), labels);
    return { loss: losses.reduce((a, b) => add(a, b), detection), terms: [detection, ...losses] };
  });
}
