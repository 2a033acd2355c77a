/** Probabilities of two anchors. */
import { reshape } from '../../ops/reshape.js';
import { similarity } from '../../ops/similarity.js';
import { slice } from '../../ops/slice.js';
import { softmax } from '../../ops/softmax.js';
import { type Tensor, tidy } from '../../tensor/tensor.js';

/**
 * softmax(scale * cosines) over the two anchors, the abnormal one's share.
 * @param unit [B, L, E], or [B, E] as one row each
 * @param anchors [1, E, 2] or [B, E, 2]
 * @returns [B, L], or [B]
 */
export function abnormalShare(unit: Tensor, anchors: Tensor, scale: number): Tensor {
  const [b, e] = [unit.dim(0), unit.dim(-1)];
  const rows = unit.rank === 2 ? 1 : unit.dim(1);
  return tidy(() => {
    const logits = similarity(reshape(unit, [b, rows, e]), anchors, scale); // [B, 2, L]
    return reshape(slice(softmax(logits, 1), 1, 1, 1), unit.rank === 2 ? [b] : [b, rows]);
  });
}
