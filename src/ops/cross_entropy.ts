/** Cross entropy of logits against class numbers. */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import { show } from '../tensor/shape.js';
import { empty, type Tensor, upload } from '../tensor/tensor.js';
import { sumRows } from './reduce.js';

/** What the forward and the backward kernel share. */
function job(logits: Tensor, labels: Uint32Array) {
  const [batch, classes] = logits.shape as [number, number];
  const buffers = { x: logits, labels: upload(logits.gpu, labels, [batch]) };
  return { params: { batch, classes }, buffers, threads: batch };
}

/** What each row adds to the mean, [B, 1]. */
function rowLosses(logits: Tensor, labels: Uint32Array): Tensor {
  const { buffers, ...rest } = job(logits, labels);
  const y = empty(logits.gpu, [logits.dim(0), 1]);
  const traffic = 4 * (logits.size + y.size);
  logits.gpu.dispatch({ ...rest, kernel: 'cross_entropy', buffers: { ...buffers, y }, traffic });
  return y;
}

export const crossEntropyOp: Op<{ readonly labels: Uint32Array }> = {
  name: 'cross_entropy',
  forward([logits], { labels }, needs) {
    const [batch, classes] = logits!.shape;
    if (logits!.rank !== 2 || labels.length !== batch) {
      throw new Error(`crossEntropy: expected logits [${labels.length}, C] for the labels, got ${show(logits!.shape)}`);
    }
    const bad = labels.findIndex((c) => c >= classes!);
    if (bad >= 0) {
      throw new Error(`crossEntropy: label ${labels[bad]} at place ${bad}: expected less than ${classes} classes`);
    }
    return { out: sumRows(rowLosses(logits!, labels)), saved: needs[0] ? [logits!] : [] };
  },
  vjp(dy, [logits], { labels }) {
    const { buffers, ...rest } = job(logits!, labels);
    const dx = empty(dy.gpu, logits!.shape);
    const traffic = 8 * dx.size;
    dy.gpu.dispatch({ ...rest, kernel: 'cross_entropy_backward', buffers: { ...buffers, dy, dx }, traffic });
    return [dx];
  },
};

/**
 * Mean over rows of -log softmax(logits)[label].
 * @param logits [B, C]
 * @param labels B class numbers
 * @returns [1]
 * @throws when a label is not the number of a class
 */
export function crossEntropy(logits: Tensor, labels: Uint32Array): Tensor {
  return apply(crossEntropyOp, [logits], { labels });
}
