/** Contrastive pre-training: pictures and their captions find each other in a batch. All weights are trained. */

import { encodeText, type TextTower } from '../model/text.js';
import { encodeImage, type VisionTower } from '../model/vision.js';
import { combine } from '../ops/add.js';
import { crossEntropy } from '../ops/cross_entropy.js';
import { full } from '../ops/fill.js';
import { l2Normalize } from '../ops/l2_normalize.js';
import { matmul } from '../ops/matmul.js';
import { multiply } from '../ops/multiply.js';
import { reshape } from '../ops/reshape.js';
import { type Tensor, tidy } from '../tensor/tensor.js';

/**
 * The symmetric loss of CLIP (Radford and others, 2021, figure 3): every picture against all captions and the other way
 * round, mean of both cross entropies, [1]. No two rows of a batch may describe the same thing.
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
): Tensor {
  return tidy(() => {
    const pictures = l2Normalize(encodeImage(images, vision)); // [B, E]
    const captions = l2Normalize(encodeText(ids, text)); // [B, E]
    const b = pictures.dim(0);
    const logits = (x: Tensor, y: Tensor): Tensor => {
      const cosines = reshape(matmul(x, y, { transB: true }), [b * b, 1]);
      return reshape(multiply(cosines, full(x.gpu, [1], scale)), [b, b]);
    };
    const own = Uint32Array.from({ length: b }, (_, i) => i);
    const a = crossEntropy(logits(pictures, captions), own);
    return combine(a, 0.5, crossEntropy(logits(captions, pictures), own), 0.5);
  });
}
