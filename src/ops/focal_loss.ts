/** Focal loss of a two-channel probability map, gamma 2. */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import { sameShape, show } from '../tensor/shape.js';
import { empty, type Tensor } from '../tensor/tensor.js';
import { sumRows } from './reduce.js';

/** Sums over parts of the pixels, [parts, 1]. */
function partialLosses(prob: Tensor, mask: Tensor): Tensor {
  const pixels = prob.size / 2;
  // Partial sums over many pixels each; enough of them to occupy a device.
  const parts = Math.max(1, Math.min(4096, Math.ceil(pixels / 64)));
  const y = empty(prob.gpu, [parts, 1]);
  prob.gpu.dispatch({
    kernel: 'focal_loss',
    params: { size: y.size, pixels, plane: pixels / prob.dim(0) },
    buffers: { prob, mask, y },
    threads: y.size,
    traffic: 4 * (prob.size + mask.size + y.size),
  });
  return y;
}

function gradient(prob: Tensor, mask: Tensor, dy: Tensor): Tensor {
  const pixels = prob.size / 2;
  const dprob = empty(prob.gpu, prob.shape);
  prob.gpu.dispatch({
    kernel: 'focal_loss_backward',
    params: { size: dprob.size, pixels, plane: pixels / prob.dim(0) },
    buffers: { prob, mask, dy, dprob },
    threads: dprob.size,
    traffic: 4 * (2 * prob.size + mask.size),
  });
  return dprob;
}

export const focalLossOp: Op<Record<string, never>> = {
  name: 'focal_loss',
  forward([prob, mask], _attrs, needs) {
    const [batch, channels, ...picture] = prob!.shape;
    if (channels !== 2 || !sameShape(mask!.shape, [batch!, 1, ...picture])) {
      throw new Error(
        `focalLoss: expected prob [B, 2, H, W] and mask [B, 1, H, W], got ${show(prob!.shape)} and ${show(mask!.shape)}`,
      );
    }
    return { out: sumRows(partialLosses(prob!, mask!)), saved: needs[0] ? [prob!, mask!] : [] };
  },
  vjp(dy, saved, _attrs, needs) {
    // The mask is a choice of channel: it has no gradient.
    return [needs[0] ? gradient(saved[0]!, saved[1]!, dy) : null, null];
  },
};

/**
 * Mean over all pixels of -(1 - pt)^2 log pt, where pt is the probability of the pixel's own channel, the choice softened
 * by 1e-5: pt = sum over c of clamp(onehot_c, 1e-5, 1 - 1e-5) prob_c + 1e-5.
 * @param prob [B, 2, H, W]
 * @param mask [B, 1, H, W] of 0 (channel 0) and 1 (channel 1)
 * @returns [1]
 */
export function focalLoss(prob: Tensor, mask: Tensor): Tensor {
  return apply(focalLossOp, [prob, mask], {});
}
