/** Softmax along an axis. */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import { around } from '../tensor/shape.js';
import { empty, type Tensor } from '../tensor/tensor.js';

export const softmaxOp: Op<{ readonly axis: number }> = {
  name: 'softmax',
  forward([x], { axis }, [needs]) {
    const { outer, length, inner } = around(x!.shape, axis);
    const y = empty(x!.gpu, x!.shape);
    x!.gpu.dispatch({
      kernel: 'softmax',
      params: { rows: outer * inner, length, inner },
      buffers: { x: x!, y },
      threads: outer * inner,
      traffic: 8 * y.size,
    });
    return { out: y, saved: needs ? [y] : [] };
  },
  vjp(dy, [y], { axis }) {
    const { outer, length, inner } = around(dy.shape, axis);
    const dx = empty(dy.gpu, dy.shape);
    dy.gpu.dispatch({
      kernel: 'softmax_backward',
      params: { rows: outer * inner, length, inner },
      buffers: { y: y!, dy, dx },
      threads: outer * inner,
      traffic: 12 * dx.size,
    });
    return [dx];
  },
};

/** exp(x) / sum of exp(x) along an axis; the largest value is subtracted first, so no logit is too large. */
export function softmax(x: Tensor, axis: number): Tensor {
  return apply(softmaxOp, [x], { axis });
}
