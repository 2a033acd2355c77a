/** A run of places along one axis. */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import { around, type Shape, show } from '../tensor/shape.js';
import { empty, type Tensor } from '../tensor/tensor.js';

/** y[.., l, ..] = x[.., l + shift, ..] for l < length, zero outside x. */
export function shifted(x: Tensor, axis: number, shift: number, length: number): Tensor {
  const { length: from, inner } = around(x.shape, axis);
  const y = empty(
    x.gpu,
    x.shape.map((d, i) => (i === axis ? length : d)),
    x.dtype,
  );
  x.gpu.dispatch({
    kernel: 'slice',
    params: { size: y.size, in_length: from, out_length: length, inner, shift },
    buffers: { x, y },
    threads: y.size,
    traffic: 4 * (x.size + y.size),
  });
  return y;
}

interface SliceAttrs {
  readonly axis: number;
  readonly start: number;
  readonly count: number;
  readonly shape: Shape;
}

export const sliceOp: Op<SliceAttrs> = {
  name: 'slice',
  forward([x], { axis, start, count }) {
    const { length } = around(x!.shape, axis);
    if (![start, count].every(Number.isInteger) || start < 0 || count < 1 || start + count > length) {
      throw new Error(
        `slice: ${start} to ${start + count} along axis ${axis} of ${show(x!.shape)}: expected a run within 0 to ${length}`,
      );
    }
    return { out: shifted(x!, axis, start, count), saved: [] };
  },
  vjp(dy, _saved, { axis, start, shape }) {
    return [shifted(dy, axis, -start, shape[axis]!)];
  },
};

/**
 * Places `start` to `start + count` of an axis; the gradient is zero elsewhere.
 * @throws when the run leaves the axis
 */
export function slice(x: Tensor, axis: number, start: number, count: number): Tensor {
  return apply(sliceOp, [x], { axis, start, count, shape: x.shape });
}
