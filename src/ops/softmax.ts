/** Softmax along an axis. */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import { around } from '../tensor/shape.js';
import { empty, type Tensor } from '../tensor/tensor.js';

/** `x` is the input, or with a cotangent the output of the forward pass. */
function run(x: Tensor, axis: number, dy: Tensor | undefined): Tensor {
  const { outer, length, inner } = around(x.shape, axis);
  const y = empty(x.gpu, x.shape);
  x.gpu.dispatch({
    kernel: 'softmax',
    knobs: { GRAD: dy !== undefined },
    params: { rows: outer * inner, length, inner },
    buffers: { x, dy: dy ?? x, y },
    threads: outer * inner,
    traffic: 4 * x.size * (dy ? 3 : 2),
  });
  return y;
}

export const softmaxOp: Op<{ readonly axis: number }> = {
  name: 'softmax',
  forward([x], { axis }, [needs]) {
    const out = run(x!, axis, undefined);
    return { out, saved: needs ? [out] : [] };
  },
  vjp(dy, [y], { axis }) {
    return [run(y!, axis, dy)];
  },
};

/** exp(x) / sum of exp(x) along an axis; the largest value is subtracted first, so no logit is too large. */
export function softmax(x: Tensor, axis: number): Tensor {
  return apply(softmaxOp, [x], { axis });
}
