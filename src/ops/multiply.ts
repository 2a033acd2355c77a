/** a b, element by element, b repeated along the leading axes when it is smaller. */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import { type Shape, sameShape, show, sizeOf } from '../tensor/shape.js';
import { empty, type Tensor } from '../tensor/tensor.js';
import { sumRows } from './reduce.js';

function run(a: Tensor, b: Tensor): Tensor {
  const y = empty(a.gpu, a.shape);
  a.gpu.dispatch({
    kernel: 'multiply',
    params: { size: a.size, period: b.size },
    buffers: { a, b, y },
    threads: a.size,
    traffic: 4 * (2 * a.size + b.size),
  });
  return y;
}

export const multiplyOp: Op<{ readonly bShape: Shape }> = {
  name: 'multiply',
  forward([a, b], _attrs, needs) {
    if (b!.rank > a!.rank || !sameShape(a!.shape.slice(a!.rank - b!.rank), b!.shape)) {
      throw new Error(`multiply: expected b to be ${show(a!.shape)} or its last axes, got ${show(b!.shape)}`);
    }
    return { out: run(a!, b!), saved: [...(needs[0] ? [b!] : []), ...(needs[1] ? [a!] : [])] };
  },
  vjp(dy, saved, { bShape }, needs) {
    const left = [...saved];
    const da = needs[0] ? run(dy, left.shift()!) : null;
    if (!needs[1]) return [da, null];
    const each = run(dy, left.shift()!);
    const size = sizeOf(bShape);
    return [da, (size === dy.size ? each : sumRows(each.view([dy.size / size, size]))).view(bShape)];
  },
};

/** a b, element by element; b may have only the last axes of a. */
export function multiply(a: Tensor, b: Tensor): Tensor {
  return apply(multiplyOp, [a, b], { bShape: b.shape });
}
