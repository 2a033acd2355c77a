/** Contrastive pre-training: pictures and their captions find each other in a batch. All weights are trained. */

import { patchTokens } from '../model/adapters.js';
import { classEmbedding, type VisionTokens, type VisionTower, visionTokens } from '../model/vision.js';
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

/** Patches of a batch that are compared with two captions each: N of them. */
export interface Regions {
  /** Place of each patch among all patches of the batch, picture by picture, row by row. */
  readonly patches: Uint32Array;
  /** Place of the caption that is true of the patch, and of the one that is not. */
  readonly own: Uint32Array;
  readonly other: Uint32Array;
  /** What their loss is multiplied with; 1 if not given. */
  readonly weight?: number;
}

/** How much the peaks count beside the states. */
const PEAKS = 0.5;

/** What takes a caption or a patch out of a choice: far below any cosine times its scale. */
const NO_CHOICE = -1e4;

/**
 * Each of N unit embeddings [N, E] finds, of two captions, the one that is true of it: mean cross entropy, [1].
 * @param captions unit embeddings, [B, E]
 */
function choiceLoss(units: Tensor, captions: Tensor, own: Uint32Array, other: Uint32Array, scale: number): Tensor {
  const [n, b] = [units.dim(0), captions.dim(0)];
  const choices = new Float32Array(n * b).fill(NO_CHOICE);
  for (let i = 0; i < n; i++) {
    choices[i * b + own[i]!] = 0;
    choices[i * b + other[i]!] = 0;
  }
  return tidy(() => {
    const logits = scaled(matmul(units, captions, { transB: true }), scale);
    return crossEntropy(add(logits, upload(units.gpu, choices, [n, b])), own);
  });
}

/**
 * The loss of the regions, [1].
 * @param tokens of a block, [B, 1 + G G, W]
 * @param captions unit embeddings, [B, E]
 */
function regionLoss(tokens: Tensor, tower: VisionTower, captions: Tensor, regions: Regions, scale: number): Tensor {
  return tidy(() => {
    const all = patchTokens(tokens, tower); // [B, G G, W]
    const rows = gather(reshape(all, [all.size / all.dim(2), all.dim(2)]), regions.patches);
    const units = l2Normalize(linear(rows, tower.proj, { roundProducts: tower.roundProducts })); // [N, E]
    return choiceLoss(units, captions, regions.own, regions.other, scale);
  });
}

/** x [N, M] times a number. */
function scaled(x: Tensor, by: number): Tensor {
  return tidy(() => reshape(multiply(reshape(x, [x.size, 1]), full(x.gpu, [1], by)), x.shape));
}

/**
 * The symmetric loss of CLIP (Radford and others, 2021, figure 3): every picture against all captions and the other way
 * round, mean of both cross entropies, [1]; with regions, their loss added. No two rows of a batch may describe the same
 * thing. Regions are compared at every level of the tower, as anomaly maps are made from all of them (the last block where the
 * tower has none): mean of the levels.
 * @param images [B, 3, S, S]
 * @param captions unit embeddings, [B, E]: of `encodeText`, on the tape where the text tower learns too
 * @param scale what cosines are multiplied with
 */
export function contrastiveLoss(
  images: Tensor,
  captions: Tensor,
  vision: VisionTower,
  scale: number,
  regions?: Regions,
): Tensor {
  return tidy(() => {
    const tokens = visionTokens(images, vision);
    const pictures = l2Normalize(classEmbedding(tokens.last, vision)); // [B, E]
    const logits = (x: Tensor, y: Tensor): Tensor => scaled(matmul(x, y, { transB: true }), scale);
    const own = Uint32Array.from({ length: pictures.dim(0) }, (_, i) => i);
    const a = crossEntropy(logits(pictures, captions), own);
    const whole = combine(a, 0.5, crossEntropy(logits(captions, pictures), own), 0.5);
    return regions ? withRegions(whole, tokens, vision, captions, regions, scale) : whole;
  });
}

/** A loss, and the mean of the regions' losses at every level times their weight. */
function withRegions(
  whole: Tensor,
  { last, levels }: VisionTokens,
  vision: VisionTower,
  captions: Tensor,
  regions: Regions,
  scale: number,
): Tensor {
  const compared = levels.length > 0 ? levels : [last];
  const each = (regions.weight ?? 1) / compared.length;
  return compared.reduce(
    (sum, tokens) => combine(sum, 1, regionLoss(tokens, vision, captions, regions, scale), each),
    whole,
  );
}

/**
 * Where a picture's map has to be high: one of these patches, any patch at all (nobody knows which), or none because the
 * picture is well; undefined where the picture is not looked at.
 */
export type Peak = readonly number[] | 'any' | 'none' | undefined;

/**
 * The loss of peaks, at the last level. A picture's patches and nought take part in one choice: of a picture that is well
 * nought is to be chosen, of one that is not any of its peaks. Mean over the pictures that are looked at of -log of
 * the chance that the choice falls so, [1].
 * @param patches unit embeddings, [B, L, E]
 * @param captions unit embeddings, [B, E], pairs as in `stateLoss`
 */
function peakLoss(patches: Tensor, captions: Tensor, peaks: readonly Peak[], scale: number): Tensor {
  const [b, l, e] = patches.shape as [number, number, number];
  // Each picture's row: the caption of what is not well minus the other.
  const differences = new Float32Array(b * b);
  for (let i = 0; i < b; i++) {
    differences[i * b + (i | 1)] = scale;
    differences[i * b + (i & ~1)] = -scale;
  }
  const seen = Uint32Array.from(peaks.keys()).filter((i) => peaks[i] !== undefined);
  // Column 0 is nought. What a picture may choose is left as it is.
  const closed = new Float32Array(seen.length * (1 + l)).fill(NO_CHOICE);
  const targets = seen.map((i, row) => {
    const peak = peaks[i] as Exclude<Peak, undefined>;
    const open =
      peak === 'none' ? [0] : peak === 'any' ? Array.from({ length: l }, (_, p) => 1 + p) : peak.map((p) => 1 + p);
    for (const column of open) closed[row * (1 + l) + column] = 0;
    return open[0]!;
  });
  return tidy(() => {
    const directions = matmul(upload(patches.gpu, differences, [b, b]), captions); // [B, E]
    const heights = reshape(matmul(patches, reshape(directions, [b, 1, e]), { transB: true }), [b, l]);
    const logits = gather(concat([full(patches.gpu, [b, 1], 0), heights], 1), seen); // [N, 1 + L]
    const within = add(logits, upload(patches.gpu, closed, [seen.length, 1 + l]));
    // The target's own height stands in both and cancels: left are the logs of the sums over all and over what is open.
    return combine(crossEntropy(logits, targets), 1, crossEntropy(within, targets), -1);
  });
}

/**
 * The loss of states alone, for captions that may repeat: a batch holds pairs of a picture that is well (even row) and one that is
 * not (the row after it), and every picture chooses between the two captions of its pair; the losses of the regions and,
 * where peaks are given, of the peaks are added. [1]
 * @param images [B, 3, S, S], B even
 * @param captions unit embeddings, [B, E]
 * @param scale what cosines are multiplied with
 */
export function stateLoss(
  images: Tensor,
  captions: Tensor,
  vision: VisionTower,
  scale: number,
  regions: Regions,
  peaks?: readonly Peak[],
): Tensor {
  return tidy(() => {
    const tokens = visionTokens(images, vision);
    const pictures = l2Normalize(classEmbedding(tokens.last, vision)); // [B, E]
    const own = Uint32Array.from({ length: pictures.dim(0) }, (_, i) => i);
    const others = own.map((i) => i ^ 1);
    const states = choiceLoss(pictures, captions, own, others, scale);
    const whole = withRegions(states, tokens, vision, captions, regions, scale);
    if (!peaks) return whole;
    const { proj, roundProducts } = vision;
    const patches = l2Normalize(linear(patchTokens(tokens.last, vision), proj, { roundProducts })); // [B, L, E]
    return combine(whole, 1, peakLoss(patches, captions, peaks, scale), PEAKS);
  });
}
