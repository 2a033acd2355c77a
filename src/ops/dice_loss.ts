/** Dice loss of probability maps. */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import { type Shape, show } from '../tensor/shape.js';
import { empty, type Tensor } from '../tensor/tensor.js';
import { sum } from './reduce.js';

/** Per image: sum of prob * target, of prob, of target. [B, 3] */
function imageSums(prob: Tensor, target: Tensor): Tensor {
  const { gpu } = prob;
  const batch = prob.dim(0);
  const plane = prob.size / batch;
  // Partial sums over many pixels each; enough of them to occupy a device.
  const parts = Math.max(1, Math.min(4096, Math.ceil(plane / 64)));
  const partial = empty(gpu, [batch, parts, 3]);
  gpu.dispatch({
    kernel: 'dice_loss_sums',
    params: { size: batch * parts, parts, plane },
    buffers: { prob, labels: target, y: partial },
    threads: batch * parts,
    traffic: 8 * prob.size,
  });
  return sum(partial, 1);
}

/** The loss [1] from the sums. */
function lossOf(sums: Tensor, batch: number): Tensor {
  const y = empty(sums.gpu, [1]);
  sums.gpu.dispatch({ kernel: 'dice_loss', params: { batch }, buffers: { sums, y }, threads: 1, traffic: sums.bytes });
  return y;
}

/** The gradient of one side, which needs the values of the other. */
function gradient(sums: Tensor, other: Tensor, dy: Tensor, shape: Shape): Tensor {
  const dx = empty(sums.gpu, shape);
  const batch = shape[0]!;
  sums.gpu.dispatch({
    kernel: 'dice_loss_backward',
    params: { size: dx.size, batch, plane: dx.size / batch },
    buffers: { sums, other, dy, dx },
    threads: dx.size,
    traffic: 8 * dx.size,
  });
  return dx;
}

export const diceLossOp: Op<{ readonly prob: Shape; readonly target: Shape }> = {
  name: 'dice_loss',
  forward([prob, target], _attrs, needs) {
    if (prob!.dim(0) !== target!.dim(0) || prob!.size !== target!.size) {
      throw new Error(
        `diceLoss: expected prob and target of one size and batch, got ${show(prob!.shape)} and ${show(target!.shape)}`,
      );
    }
    const sums = imageSums(prob!, target!);
    const saved = needs.includes(true) ? [sums, ...(needs[0] ? [target!] : []), ...(needs[1] ? [prob!] : [])] : [];
    return { out: lossOf(sums, prob!.dim(0)), saved };
  },
  vjp(dy, [sums, ...left], { prob, target }, needs) {
    const grad = (shape: Shape) => gradient(sums!, left.shift()!, dy, shape);
    return [needs[0] ? grad(prob) : null, needs[1] ? grad(target) : null];
  },
};

/**
 * 1 - mean over images of (2 sum(prob target) + 1) / (sum(prob) + sum(target) + 1).
 * @param prob [B, ...]
 * @param target as many values an image, of 0 and 1
 * @returns [1]
 */
export function diceLoss(prob: Tensor, target: Tensor): Tensor {
  return apply(diceLossOp, [prob, target], { prob: prob.shape, target: target.shape });
}
