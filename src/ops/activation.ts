/** Activations: GELU with erf (the published model), QuickGELU (OpenAI's training), LeakyReLU of slope 0.01 (adapters). */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import { type Activation, activationCode } from '../kernels/epilogue.js';
import { empty, type Tensor } from '../tensor/tensor.js';

function run(kind: Activation, x: Tensor, dy: Tensor | undefined): Tensor {
  const { gpu } = x;
  const y = empty(gpu, x.shape);
  gpu.dispatch({
    kernel: 'activation',
    knobs: { ACT: activationCode(kind), GRAD: dy !== undefined },
    params: { size: x.size },
    buffers: { x, dy: dy ?? x, y },
    threads: x.size,
    traffic: 4 * x.size * (dy ? 3 : 2),
  });
  return y;
}

export const activationOp: Op<{ readonly kind: Activation }> = {
  name: 'activation',
  forward([x], { kind }, [needs]) {
    return { out: run(kind, x!, undefined), saved: needs ? [x!] : [] };
  },
  vjp(dy, [x], { kind }) {
    return [run(kind, x!, dy)];
  },
};

/** Applies an activation to every element; the same shape. */
export function activate(x: Tensor, kind: Activation): Tensor {
  return kind === 'none' ? x : apply(activationOp, [x], { kind });
}
