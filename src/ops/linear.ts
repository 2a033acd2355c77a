/** y = act(x Wᵀ + b) + r, over the last axis of x. */
import type { Op } from '../autograd/op.js';
import { apply, recording } from '../autograd/tape.js';
import type { Activation } from '../kernels/epilogue.js';
import { FrozenMatrix } from '../kernels/frozen_matrix.js';
import { gemm } from '../kernels/gemm.js';
import type { Gemm } from '../kernels/gemm_job.js';
import { type Shape, sameShape, show } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { activate } from './activation.js';
import { add } from './add.js';
import { sumRows } from './reduce.js';

interface LinearAttrs {
  readonly frozen?: FrozenMatrix | undefined;
  readonly bias: boolean;
  readonly residual: boolean;
  readonly activation: Activation;
  readonly round: boolean;
}

/** Inputs: x [..., K], then w [N, K] unless it is frozen, then b [N] and r [..., N] where the attributes say so. */
export const linearOp: Op<LinearAttrs> = {
  name: 'linear',
  forward(inputs, attrs, needs) {
    const [x, w, bias, residual] = arrange(inputs, attrs);
    const { g, shape } = linearProduct(x, attrs.frozen ?? w!, {
      bias,
      residual,
      activation: attrs.activation,
      roundProducts: attrs.round,
    });
    const flat = gemm(g);
    const saved = [];
    if (!attrs.frozen) {
      if (needs[0]) saved.push(w!);
      if (needs[1]) saved.push(x);
    }
    return { out: flat.view(shape), saved };
  },
  vjp(dy, saved, attrs, needs) {
    const left = [...saved];
    const { round } = attrs;
    const n = dy.dim(-1);
    const rows = dy.size / n;
    const grads: (Tensor | null)[] = [null];
    let at = 1;
    if (attrs.frozen) {
      const { k } = attrs.frozen;
      if (needs[0]) {
        grads[0] = gemm({ m: rows, n: k, k: n, a: dy, b: attrs.frozen.backward(), gradient: 'a' }).view([
          ...dy.shape.slice(0, -1),
          k,
        ]);
      }
    } else {
      if (needs[0]) {
        const w = left.shift()!;
        const k = w.dim(1);
        grads[0] = gemm({ m: rows, n: k, k: n, a: dy, b: w, round, gradient: 'a' }).view([...dy.shape.slice(0, -1), k]);
      }
      const x = needs[1] ? left.shift()! : undefined;
      grads[at++] = x ? gemm({ m: n, n: x.dim(-1), k: rows, a: dy, transA: true, b: x, round, gradient: 'a' }) : null;
    }
    if (attrs.bias) {
      grads[at] = needs[at] ? sumRows(dy) : null;
      at++;
    }
    if (attrs.residual) grads[at] = needs[at] ? dy : null;
    return grads;
  },
};

/**
 * The product that a linear layer is, and the shape of its result.
 * @throws when shapes do not fit
 */
export function linearProduct(
  x: Tensor,
  w: Tensor | FrozenMatrix,
  { bias, residual, activation, roundProducts: round }: LinearOptions,
): { g: Gemm; shape: Shape } {
  const k = x.dim(-1);
  const [n, kw] = w instanceof FrozenMatrix ? [w.n, w.k] : [w.dim(0), w.dim(1)];
  if (k !== kw) throw new Error(`linear: expected x of width ${kw}, got ${show(x.shape)}`);
  if (bias && !sameShape(bias.shape, [n])) throw new Error(`linear: expected bias [${n}], got ${show(bias.shape)}`);
  const shape = [...x.shape.slice(0, -1), n];
  if (residual && !sameShape(residual.shape, shape)) {
    throw new Error(`linear: expected residual ${show(shape)}, got ${show(residual.shape)}`);
  }
  const b = w instanceof FrozenMatrix ? w.forward() : w;
  return { g: { m: x.size / k, n, k, a: x, b, transB: true, bias, residual, activation, round }, shape };
}

function arrange(inputs: readonly Tensor[], attrs: LinearAttrs) {
  const left = [...inputs];
  const x = left.shift()!;
  const w = attrs.frozen ? undefined : left.shift()!;
  const bias = attrs.bias ? left.shift()! : undefined;
  return [x, w, bias, attrs.residual ? left.shift()! : undefined] as const;
}

export interface LinearOptions {
  readonly bias?: Tensor | undefined;
  readonly residual?: Tensor | undefined;
  readonly activation?: Activation | undefined;
  /** Lets a trainable weight be rounded to f16 on its way into the product, in the backward pass too. */
  readonly roundProducts?: boolean | undefined;
}

/**
 * act(x Wᵀ + bias) + residual.
 *
 * One kernel, except where a gradient will pass through the activation: then its input must be kept, and the steps run one by one.
 * @param x [..., K]
 * @param w [N, K], trainable or frozen
 * @returns [..., N]
 */
export function linear(x: Tensor, w: Tensor | FrozenMatrix, options: LinearOptions = {}): Tensor {
  const { bias, residual, activation = 'none', roundProducts = false } = options;
  if (activation !== 'none' && recording()) {
    const y = activate(linear(x, w, { bias, roundProducts }), activation);
    return residual ? add(y, residual) : y;
  }
  const frozen = w instanceof FrozenMatrix ? w : undefined;
  const inputs = [
    x,
    ...(w instanceof FrozenMatrix ? [] : [w]),
    ...(bias ? [bias] : []),
    ...(residual ? [residual] : []),
  ];
  return apply(linearOp, inputs, {
    frozen,
    bias: bias !== undefined,
    residual: residual !== undefined,
    activation,
    round: roundProducts,
  });
}
