/** Activations: GELU with erf (the published model), QuickGELU (OpenAI's training), LeakyReLU of slope 0.01 (adapters). */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import { type Activation, activationCode } from '../kernels/epilogue.js';
import { empty, type Tensor } from '../tensor/tensor.js';

export const activationOp: Op<{ readonly kind: Activation }> = {
  name: 'activation',
  forward([x], { kind }, [needs]) {
    const y = empty(x!.gpu, x!.shape);
    x!.gpu.dispatch({
      kernel: 'activation',
      knobs: { ACT: activationCode(kind) },
      params: { size: y.size },
      buffers: { x: x!, y },
      threads: y.size,
      traffic: 8 * y.size,
    });
    return { out: y, saved: needs ? [x!] : [] };
  },
  vjp(dy, [x], { kind }) {
    const dx = empty(dy.gpu, dy.shape);
    dy.gpu.dispatch({
      kernel: 'activation_backward',
      knobs: { ACT: activationCode(kind) },
      params: { size: dx.size },
      buffers: { x: x!, dy, dx },
      threads: dx.size,
      traffic: 12 * dx.size,
    });
    return [dx];
  },
};

/** Applies an activation to every element; the same shape. */
export function activate(x: Tensor, kind: Activation): Tensor {
  return kind === 'none' ? x : apply(activationOp, [x], { kind });
}
