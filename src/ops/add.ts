/** alpha a + beta b, b repeated along the leading axes when it is smaller. */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import { show } from '../tensor/shape.js';
import { empty, type Tensor } from '../tensor/tensor.js';
import { sumRows } from './reduce.js';

interface AddAttrs {
  readonly alpha: number;
  readonly beta: number;
  readonly bShape: readonly number[];
}

function run(a: Tensor, b: Tensor, alpha: number, beta: number): Tensor {
  const y = empty(a.gpu, a.shape);
  a.gpu.dispatch({
    kernel: 'add',
    params: { size: a.size, period: b.size, alpha, beta },
    buffers: { a, b, y },
    threads: a.size,
    traffic: 12 * a.size,
  });
  return y;
}

const times = (x: Tensor, factor: number): Tensor => (factor === 1 ? x : run(x, x, factor, 0));

export const addOp: Op<AddAttrs> = {
  name: 'add',
  forward([a, b], { alpha, beta }) {
    const tail = a!.shape.slice(a!.rank - b!.rank);
    if (tail.length !== b!.rank || tail.some((d, i) => d !== b!.shape[i])) {
      throw new Error(`add: expected b to be ${show(a!.shape)} or its last axes, got ${show(b!.shape)}`);
    }
    return { out: run(a!, b!, alpha, beta), saved: [] };
  },
  vjp(dy, _saved, { alpha, beta, bShape }, needs) {
    let db: Tensor | null = null;
    if (needs[1]) {
      const size = bShape.reduce((n, d) => n * d, 1);
      const summed = size === dy.size ? dy : sumRows(dy.view([dy.size / size, size]));
      const scaled = times(summed, beta);
      db = scaled.rank === bShape.length ? scaled : scaled.view(bShape);
    }
    return [needs[0] ? times(dy, alpha) : null, db];
  },
};

/** a + b; b may have only the last axes of a. */
export function add(a: Tensor, b: Tensor): Tensor {
  return combine(a, 1, b, 1);
}

/** alpha a + beta b; b may have only the last axes of a. */
export function combine(a: Tensor, alpha: number, b: Tensor, beta: number): Tensor {
  return apply(addOp, [a, b], { alpha, beta, bShape: b.shape });
}
