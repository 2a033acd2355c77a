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
  readonly mix: number;
  /** Keep only what enters each block, and run the block again for its gradient. */
  readonly recompute: boolean;
}

/**
 * The loss of a batch and its terms: the cross entropy of the detection token's cosines, then each level's segmentation loss.
 * @param images [B, 3, S, S]
 * @param anchors [B, E, 2]
 * @param mask [B, 1, S, S]
 */
export function stageTwoLoss(
  images: Tensor,
  anchors: Tensor,
  mask: Tensor,
  labels: Uint32Array,
  tower: VisionTower,
  adapters: Parameters,
  options: StageTwoOptions,
): LossTerms {
  return tidy(() => {
    const { seg, det } = adaptedImage(images, tower, imageAdapterWeights(adapters), options.mix, options.recompute);
    const losses = seg.map((f) => {
      const [b, l] = f.shape as [number, number];
      const g = Math.sqrt(l);
      return segmentationLoss(reshape(similarity(f, anchors), [b, 2, g, g]), mask);
    });
    const detection = crossEntropy(detectionLogits(det, anchors), labels);
    return { loss: losses.reduce((a, b) => add(a, b), detection), terms: [detection, ...losses] };
  });
}
