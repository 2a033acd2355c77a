/** Cross entropy of logits against class numbers. */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import { show } from '../tensor/shape.js';
import { empty, type Tensor, upload } from '../tensor/tensor.js';
import { sumRows } from './reduce.js';

function run(logits: Tensor, labels: Uint32Array, dy: Tensor | undefined): Tensor {
  const { gpu } = logits;
  const [batch, classes] = logits.shape as [number, number];
  const y = empty(gpu, dy ? logits.shape : [batch, 1]);
  gpu.dispatch({
    kernel: 'cross_entropy',
    knobs: { GRAD: dy !== undefined },
    params: { batch, classes },
    buffers: { x: logits, labels: upload(gpu, labels, [batch]), dy: dy ?? logits, y },
    threads: batch,
    traffic: 4 * (logits.size + y.size),
  });
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
    return { out: sumRows(run(logits!, labels, undefined)), saved: needs[0] ? [logits!] : [] };
  },
  vjp(dy, [logits], { labels }) {
    return [run(logits!, labels, dy)];
  },
};

/**
 * Mean over rows of -log softmax(logits)[label].
 * @param logits [B, C]
 * @param labels B class numbers
 * @returns [1]
 * @throws when a label is no class
 */
export function crossEntropy(logits: Tensor, labels: Uint32Array): Tensor {
  return apply(crossEntropyOp, [logits], { labels });
}
