/** Sums and means along one axis. */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import { around } from '../tensor/shape.js';
import { empty, type Tensor, tidy } from '../tensor/tensor.js';

interface ReduceAttrs {
  readonly axis: number;
  readonly scale: number;
}

function run(x: Tensor, outer: number, length: number, inner: number, scale: number): Tensor {
  // Enough parts to occupy a device when the outputs alone do not, each long enough to be worth it.
  const parts = outer * inner >= 8192 ? 1 : Math.max(1, Math.min(64, Math.floor(length / 64)));
  const { gpu } = x;
  const pass = (from: Tensor, count: number, split: number, factor: number): Tensor => {
    const y = empty(gpu, [outer * split * inner]);
    gpu.dispatch({
      kernel: 'reduce',
      params: { outer, length: count, inner, parts: split, scale: factor },
      buffers: { x: from, y },
      threads: y.size,
      traffic: 4 * (outer * count * inner + y.size),
    });
    return y;
  };
  return tidy(() => (parts === 1 ? pass(x, length, 1, scale) : pass(pass(x, length, parts, 1), parts, 1, scale)));
}

export const reduceOp: Op<ReduceAttrs & { readonly shape: readonly number[] }> = {
  name: 'reduce',
  forward([x], { axis, scale }) {
    const { outer, length, inner } = around(x!.shape, axis);
    const shape = x!.shape.filter((_, i) => i !== axis);
    return { out: run(x!, outer, length, inner, scale).view(shape), saved: [] };
  },
  vjp(dy, _saved, { axis, scale, shape }) {
    const { length, inner } = around(shape, axis);
    const dx = empty(dy.gpu, shape);
    dy.gpu.dispatch({
      kernel: 'reduce_backward',
      params: { size: dx.size, length, inner, scale },
      buffers: { x: dy, y: dx },
      threads: dx.size,
      traffic: 4 * (dx.size + dy.size),
    });
    return [dx];
  },
};

/** Sum along an axis, which disappears. */
export function sum(x: Tensor, axis: number): Tensor {
  return apply(reduceOp, [x], { axis, scale: 1, shape: x.shape });
}

/** Mean along an axis, which disappears. */
export function mean(x: Tensor, axis: number): Tensor {
  return apply(reduceOp, [x], { axis, scale: 1 / x.dim(axis), shape: x.shape });
}

/** Column sums of x [..., N] as [N]: the gradient of a bias. */
export function sumRows(x: Tensor): Tensor {
  const n = x.dim(-1);
  return run(x, 1, x.size / n, n, 1);
}
