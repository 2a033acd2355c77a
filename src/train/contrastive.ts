/** Contrastive pre-training: pictures and their captions find each other in a batch. All weights are trained. */

import { patchTokens } from '../model/adapters.js';
import { encodeText, type TextTower } from '../model/text.js';
import { type VisionTower, visionTokens } from '../model/vision.js';
import { add, combine } from '../ops/add.js';
import { crossEntropy } from '../ops/cross_entropy.js';
import { full } from '../ops/fill.js';
import { gather } from '../ops/gather.js';
import { l2Normalize } from '../ops/l2_normalize.js';
import { layerNorm } from '../ops/layer_norm.js';
import { linear } from '../ops/linear.js';
import { matmul } from '../ops/matmul.js';
import { multiply } from '../ops/multiply.js';
import { reshape } from '../ops/reshape.js';
import { segmentationLoss } from '../ops/segmentation_loss.js';
import { similarity } from '../ops/similarity.js';
import { slice } from '../ops/slice.js';
import { type Tensor, tidy, upload } from '../tensor/tensor.js';

/** Pictures of a batch whose regions are compared with captions, too: R of them. */
export interface Regions {
  /** Place of each picture in the batch. */
  readonly pictures: Uint32Array;
  /** Places of the captions that say what is well with it, and what is not. */
  readonly normal: Uint32Array;
  readonly abnormal: Uint32Array;
  /** What the abnormal caption speaks of, [R, 1, S, S] of 0 and 1. */
  readonly masks: Tensor;
}

/** Unit patch tokens of some pictures, [R, G G, E], of the last block's tokens [B, 1 + G G, W]. */
function patches(last: Tensor, tower: VisionTower, which: Uint32Array): Tensor {
  const [b, t, w] = last.shape as [number, number, number];
  return tidy(() => {
    const rows = reshape(gather(reshape(last, [b, t * w]), which), [which.length, t, w]);
    return l2Normalize(linear(patchTokens(rows, tower), tower.proj));
  });
}

/** Anchors [R, E, 2] of unit captions [B, E]. */
function captionAnchors(captions: Tensor, { normal, abnormal }: Regions): Tensor {
  const r = normal.length;
  const rows = Uint32Array.from({ length: 2 * r }, (_, i) => (i % 2 === 0 ? normal : abnormal)[i >> 1]!);
  const eye = Float32Array.from({ length: 4 * r }, (_, i) => (i % 4 === 0 || i % 4 === 3 ? 1 : 0));
  return tidy(() => {
    const pairs = reshape(gather(captions, rows), [r, 2, captions.dim(1)]);
    return matmul(pairs, upload(captions.gpu, eye, [r, 2, 2]), { transA: true });
  });
}

/** The loss of the regions: each patch finds, of the two captions of its picture, the one that is true of it, [1]. */
function regionLoss(last: Tensor, tower: VisionTower, captions: Tensor, regions: Regions): Tensor {
  return tidy(() => {
    const anchors = captionAnchors(captions, regions);
    const scores = similarity(patches(last, tower, regions.pictures), anchors); // [R, 2, G G]
    const g = Math.sqrt(scores.dim(2));
    return segmentationLoss(reshape(scores, [scores.dim(0), 2, g, g]), regions.masks);
  });
}

/**
 * The symmetric loss of CLIP (Radford and others, 2021, figure 3): every picture against all captions and the other way
 * round, mean of both cross entropies, [1]; with regions, their loss added. No two rows of a batch may describe the same
 * thing.
 * @param images [B, 3, S, S]
 * @param ids [B, context] token ids of the captions
 * @param scale what cosines are multiplied with
 */
export function contrastiveLoss(
  images: Tensor,
  ids: Uint32Array,
  vision: VisionTower,
  text: TextTower,
  scale: number,
  regions?: Regions,
): Tensor {
  return tidy(() => {
    const { last } = visionTokens(images, vision);
    const [b, , w] = last.shape as [number, number, number];
    const cls = layerNorm(reshape(slice(last, 1, 0, 1), [b, w]), vision.lnPost.weight, vision.lnPost.bias);
    const pictures = l2Normalize(linear(cls, vision.proj)); // [B, E]
    const captions = l2Normalize(encodeText(ids, text)); // [B, E]
    const logits = (x: Tensor, y: Tensor): Tensor => {
      const cosines = reshape(matmul(x, y, { transB: true }), [b * b, 1]);
      return reshape(multiply(cosines, full(x.gpu, [1], scale)), [b, b]);
    };
    const own = Uint32Array.from({ length: b }, (_, i) => i);
    const a = crossEntropy(logits(pictures, captions), own);
    const whole = combine(a, 0.5, crossEntropy(logits(captions, pictures), own), 0.5);
    return regions ? add(whole, regionLoss(last, vision, captions, regions)) : whole;
  });
}
