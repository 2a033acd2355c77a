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
import { slice } from '../ops/slice.js';
import { type Tensor, tidy, upload } from '../tensor/tensor.js';

/** Patches of a batch that are compared with two captions each: N of them. */
export interface Regions {
  /** Place of each patch among all patches of the batch, picture by picture, row by row. */
  readonly patches: Uint32Array;
  /** Place of the caption that is true of the patch, and of the one that is not. */
  readonly own: Uint32Array;
  readonly other: Uint32Array;
}

/** What takes a caption out of a choice: far below any cosine times its scale. */
const NO_CHOICE = -1e4;

/**
 * The loss of the regions: each patch finds, of its two captions, the one that is true of it; mean cross entropy, [1].
 * @param last tokens of the last block, [B, 1 + G G, W]
 * @param captions unit embeddings, [B, E]
 */
function regionLoss(last: Tensor, tower: VisionTower, captions: Tensor, regions: Regions, scale: number): Tensor {
  const [n, b] = [regions.patches.length, captions.dim(0)];
  const choices = new Float32Array(n * b).fill(NO_CHOICE);
  for (let i = 0; i < n; i++) {
    choices[i * b + regions.own[i]!] = 0;
    choices[i * b + regions.other[i]!] = 0;
  }
  return tidy(() => {
    const all = patchTokens(last, tower); // [B, G G, W]
    const rows = gather(reshape(all, [all.size / all.dim(2), all.dim(2)]), regions.patches);
    const units = l2Normalize(linear(rows, tower.proj)); // [N, E]
    const logits = scaled(matmul(units, captions, { transB: true }), scale);
    return crossEntropy(add(logits, upload(last.gpu, choices, [n, b])), regions.own);
  });
}

/** x [N, M] times a number. */
function scaled(x: Tensor, by: number): Tensor {
  return tidy(() => reshape(multiply(reshape(x, [x.size, 1]), full(x.gpu, [1], by)), x.shape));
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
    const logits = (x: Tensor, y: Tensor): Tensor => scaled(matmul(x, y, { transB: true }), scale);
    const own = Uint32Array.from({ length: b }, (_, i) => i);
    const a = crossEntropy(logits(pictures, captions), own);
    const whole = combine(a, 0.5, crossEntropy(logits(captions, pictures), own), 0.5);
    return regions ? add(whole, regionLoss(last, vision, captions, regions, scale)) : whole;
  });
}
