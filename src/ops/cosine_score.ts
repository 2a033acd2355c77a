/** Scores of patches against the two text anchors of their class, for inference: no unit features are ever stored. */
import { recording } from '../autograd/tape.js';
import { cosineScoreKernels, dispatchRows } from '../kernels/row_kernels.js';
import { sameShape, show } from '../tensor/shape.js';
import { empty, type Tensor } from '../tensor/tensor.js';

export interface CosineScoreOptions {
  /** Factors of the cosines with the normal and with the abnormal anchor. */
  readonly normal: number;
  readonly abnormal: number;
  /** Added to every score. */
  readonly offset: number;
  /** First of the columns of the features that belong to these scores; 0 by default. */
  readonly first?: number;
  /** Scores [B, L] that these are added to. */
  readonly before?: Tensor | undefined;
}

/**
 * normal cos(f, n) + abnormal cos(f, a) + offset for every patch. A feature shorter than 1e-12 counts as that long.
 *
 * One kernel in place of L2 normalisation, two products, their difference and the sum over levels; it has no gradient.
 * @param feats [B, L, W] of any length; a score uses as many columns as the anchors have rows
 * @param anchors unit columns n and a: [B, E, 2], or one pair for the whole batch as [1, E, 2]
 * @returns [B, L]
 * @throws when shapes do not fit, or while a tape records
 */
export function cosineScore(feats: Tensor, anchors: Tensor, options: CosineScoreOptions): Tensor {
  const { normal, abnormal, offset, first = 0, before } = options;
  const [batch, length, stride] = feats.shape as [number, number, number];
  const [texts, d, two] = anchors.shape as [number, number, number];
  const fits = feats.rank === 3 && anchors.rank === 3 && two === 2 && (texts === 1 || texts === batch);
  if (!fits || first + d > stride) {
    throw new Error(
      `cosineScore: expected features [B, L, at least ${first} + E] and anchors [B, E, 2], got ${show(feats.shape)} and ${show(anchors.shape)}`,
    );
  }
  if (before && !sameShape(before.shape, [batch, length])) {
    throw new Error(`cosineScore: expected scores ${show([batch, length])} to add to, got ${show(before.shape)}`);
  }
  if (recording()) throw new Error('cosineScore: has no gradient: use l2Normalize and similarity while a tape records');
  const { gpu } = feats;
  const y = empty(gpu, [batch, length]);
  const rows = batch * length;
  dispatchRows(gpu, cosineScoreKernels, {
    rows,
    knobs: { ADD: before !== undefined },
    params: { rows, length, d, stride, first, text_batch: texts === 1 ? 0 : d, normal, abnormal, offset },
    buffers: { feats, text: anchors, before: before ?? feats, y },
    traffic: 4 * rows * d + 8 * d * texts,
  });
  return y;
}
