/** Tensors side by side along an existing axis (`concat`) or a new one (`stack`). */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import { around, sameShape, show } from '../tensor/shape.js';
import { empty, type Tensor } from '../tensor/tensor.js';
import { reshape } from './reshape.js';
import { shifted } from './slice.js';

interface ConcatAttrs {
  readonly axis: number;
  /** Length of each input along the axis. */
  readonly lengths: readonly number[];
}

export const concatOp: Op<ConcatAttrs> = {
  name: 'concat',
  forward(inputs, { axis, lengths }) {
    const [first] = inputs;
    const without = (t: Tensor) => t.shape.filter((_, i) => i !== axis);
    const other = inputs.find((t) => t.dtype !== first!.dtype || !sameShape(without(t), without(first!)));
    if (other) {
      throw new Error(
        `concat: shapes differ outside axis ${axis}: expected ${first!.dtype} ${show(first!.shape)}, got ${other.dtype} ${show(other.shape)}`,
      );
    }
    const { outer, inner } = around(first!.shape, axis);
    const to = lengths.reduce((a, b) => a + b, 0);
    const y = empty(
      first!.gpu,
      first!.shape.map((d, i) => (i === axis ? to : d)),
      first!.dtype,
    );
    let at = 0;
    inputs.forEach((x, i) => {
      const from = lengths[i]!;
      x.gpu.dispatch({
        kernel: 'concat',
        params: { size: outer * from * inner, in_length: from, out_length: to, inner, at },
        buffers: { x, y },
        threads: x.size,
        traffic: 8 * x.size,
      });
      at += from;
    });
    return { out: y, saved: [] };
  },
  vjp(dy, _saved, { axis, lengths }, needs) {
    let at = 0;
    return lengths.map((length, i) => {
      const dx = needs[i] ? shifted(dy, axis, at, length) : null;
      at += length;
      return dx;
    });
  },
};

/**
 * Tensors one after the other along an axis; their other dimensions agree.
 * @throws when the list is empty, or shapes or element types do not agree
 */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  if (tensors.length === 0) throw new Error('concat: expected at least one tensor, got none');
  return apply(concatOp, tensors, { axis, lengths: tensors.map((t) => around(t.shape, axis).length) });
}

/** Tensors of one shape along a new axis: pictures to a batch, columns to a matrix. */
export function stack(tensors: readonly Tensor[], axis = 0): Tensor {
  return concat(
    tensors.map((t) => reshape(t, t.shape.toSpliced(axis, 0, 1))),
    axis,
  );
}
