/** Contrastive pre-training: pictures and captions of a batch are matched with each other. All weights are trained. */

import { classEmbedding, patchTokens, type VisionTokens, type VisionTower, visionTokens } from '../model/vision.js';
import { add, combine } from '../ops/add.js';
import { concat } from '../ops/concat.js';
import { crossEntropy } from '../ops/cross_entropy.js';
import { full } from '../ops/fill.js';
import { gather } from '../ops/gather.js';
import { l2Normalize } from '../ops/l2_normalize.js';
import { linear } from '../ops/linear.js';
import { matmul } from '../ops/matmul.js';
import { multiply } from '../ops/multiply.js';
import { reshape } from '../ops/reshape.js';
import { type Tensor, tidy, upload } from '../tensor/tensor.js';

/** N patches of a batch, each compared with two captions. */
export interface Regions {
  /** Index of each patch among all patches of the batch, picture by picture, row by row. */
  readonly patches: Uint32Array;
  /** Index of the true caption of each patch, and of the false one. */
  readonly own: Uint32Array;
  readonly other: Uint32Array;
  /** Factor of their loss; 1 by default. */
  readonly weight?: number;
}

/** The captions that the pictures of a batch are compared with, and how. */
export interface Comparison {
  /** Unit embeddings of `encodeText`, [B, E]; on the tape where the text tower is also trained. */
  readonly captions: Tensor;
  readonly vision: VisionTower;
  /** Factor of the cosines. */
  readonly scale: number;
}

/** Weight of the peaks' loss relative to the states'. */
const PEAKS = 0.5;

/** Added to a logit, excludes a caption or patch from a choice: far below any cosine times its scale. */
const NO_CHOICE = -1e4;

/** Each of N unit embeddings [N, E] chooses between its two captions, `own` being the right one: mean cross entropy, [1]. */
function choiceLoss(units: Tensor, comparison: Comparison, { own, other }: Pick<Regions, 'own' | 'other'>): Tensor {
  const { captions } = comparison;
  const [n, b] = [units.dim(0), captions.dim(0)];
  const choices = new Float32Array(n * b).fill(NO_CHOICE);
  for (let i = 0; i < n; i++) {
    choices[i * b + own[i]!] = 0;
    choices[i * b + other[i]!] = 0;
  }
  return tidy(() => {
    const logits = logitsOf(units, captions, comparison);
    return crossEntropy(add(logits, upload(units.gpu, choices, [n, b])), own);
  });
}

/** Cosines of unit embeddings [N, E] and [M, E] times the scale, products rounded as the tower's are: [N, M]. */
function logitsOf(x: Tensor, y: Tensor, { vision, scale }: Comparison): Tensor {
  const { roundProducts } = vision;
  return tidy(() => scaled(matmul(x, y, { transB: true, roundProducts }), scale));
}

/**
 * The loss of the regions, [1].
 * @param tokens of a block, [B, 1 + G G, W]
 */
function regionLoss(tokens: Tensor, comparison: Comparison, regions: Regions): Tensor {
  const { vision } = comparison;
  return tidy(() => {
    const all = patchTokens(tokens, vision); // [B, G G, W]
    const rows = gather(reshape(all, [all.size / all.dim(2), all.dim(2)]), regions.patches);
    const units = l2Normalize(linear(rows, vision.proj, { roundProducts: vision.roundProducts })); // [N, E]
    return choiceLoss(units, comparison, regions);
  });
}

/** x times a number; any shape. */
function scaled(x: Tensor, by: number): Tensor {
  return tidy(() => reshape(multiply(reshape(x, [x.size, 1]), full(x.gpu, [1], by)), x.shape));
}

/**
 * The symmetric loss of CLIP (Radford and others, 2021, figure 3): the mean of two cross entropies, of each picture against
 * all captions and of each caption against all pictures, [1]. The loss of the regions is added where they are given. No two
 * rows of a batch may describe the same thing. Regions are compared at every level of the tower, since anomaly maps use
 * all levels (at the last block where the tower has no levels), and their losses averaged.
 * @param images [B, 3, S, S]
 */
export function contrastiveLoss(images: Tensor, comparison: Comparison, regions?: Regions): Tensor {
  const { captions, vision } = comparison;
  return tidy(() => {
    const tokens = visionTokens(images, vision);
    const pictures = l2Normalize(classEmbedding(tokens.last, vision)); // [B, E]
    const own = Uint32Array.from({ length: pictures.dim(0) }, (_, i) => i);
    const a = crossEntropy(logitsOf(pictures, captions, comparison), own);
    const whole = combine(a, 0.5, crossEntropy(logitsOf(captions, pictures, comparison), own), 0.5);
    return regions ? withRegions(whole, tokens, comparison, regions) : whole;
  });
}

/** A loss plus the regions' weight times the mean of their losses over the levels. */
function withRegions(whole: Tensor, { last, levels }: VisionTokens, comparison: Comparison, regions: Regions): Tensor {
  const compared = levels.length > 0 ? levels : [last];
  const each = (regions.weight ?? 1) / compared.length;
  return compared.reduce((sum, tokens) => combine(sum, 1, regionLoss(tokens, comparison, regions), each), whole);
}

/**
 * Where a picture's map should peak: at one of these patches, at any patch (it is faulty, but where is unknown), or at
 * none (it is good); undefined where the picture is left out of the loss.
 */
export type Peak = readonly number[] | 'any' | 'none' | undefined;

/**
 * The loss of peaks, at the last level. Each picture chooses between zero and its patches: good pictures should choose zero,
 * faulty ones any of their peaks. The loss is -log of the probability of such a choice, averaged over the pictures that
 * take part, [1]. The captions are pairs as in `stateLoss`.
 * @param patches unit embeddings, [B, L, E]
 */
function peakLoss(patches: Tensor, { captions, vision, scale }: Comparison, peaks: readonly Peak[]): Tensor {
  const { roundProducts } = vision;
  const [b, l, e] = patches.shape as [number, number, number];
  // A row for each picture: the caption of its pair's faulty picture minus the caption of the good one.
  const differences = new Float32Array(b * b);
  for (let i = 0; i < b; i++) {
    differences[i * b + (i | 1)] = scale;
    differences[i * b + (i & ~1)] = -scale;
  }
  const seen = Uint32Array.from(peaks.keys()).filter((i) => peaks[i] !== undefined);
  // Column 0 is zero. Columns that a picture may choose keep their logits.
  const closed = new Float32Array(seen.length * (1 + l)).fill(NO_CHOICE);
  const targets = seen.map((i, row) => {
    const peak = peaks[i] as Exclude<Peak, undefined>;
    const open =
      peak === 'none' ? [0] : peak === 'any' ? Array.from({ length: l }, (_, p) => 1 + p) : peak.map((p) => 1 + p);
    for (const column of open) closed[row * (1 + l) + column] = 0;
    return open[0]!;
  });
  return tidy(() => {
    const directions = matmul(upload(patches.gpu, differences, [b, b]), captions, { roundProducts }); // [B, E]
    const heights = matmul(patches, reshape(directions, [b, 1, e]), { transB: true, roundProducts }); // [B, L, 1]
    const logits = gather(concat([full(patches.gpu, [b, 1], 0), reshape(heights, [b, l])], 1), seen); // [N, 1 + L]
    const within = add(logits, upload(patches.gpu, closed, [seen.length, 1 + l]));
    // The target's own logit is in both and cancels: log of the sum over all choices minus log of the sum over open ones.
    return combine(crossEntropy(logits, targets), 1, crossEntropy(within, targets), -1);
  });
}

/**
 * The loss of states, for captions that may repeat, [1]. A batch holds pairs of a good picture (even row) and a faulty one (the
 * row after it); each picture chooses between the two captions of its pair. The loss of the regions is added, and the loss of
 * the peaks where they are given.
 * @param images [B, 3, S, S], B even
 */
export function stateLoss(images: Tensor, comparison: Comparison, regions: Regions, peaks?: readonly Peak[]): Tensor {
  const { vision } = comparison;
  return tidy(() => {
    const tokens = visionTokens(images, vision);
    const pictures = l2Normalize(classEmbedding(tokens.last, vision)); // [B, E]
    const own = Uint32Array.from({ length: pictures.dim(0) }, (_, i) => i);
    const other = own.map((i) => i ^ 1);
    const states = choiceLoss(pictures, comparison, { own, other });
    const whole = withRegions(states, tokens, comparison, regions);
    if (!peaks) return whole;
    const { proj, roundProducts } = vision;
    const patches = l2Normalize(linear(patchTokens(tokens.last, vision), proj, { roundProducts })); // [B, L, E]
    return combine(whole, 1, peakLoss(patches, comparison, peaks), PEAKS);
  });
}
