/** Layers as plain typed parameters and pure functions. A weight is trainable (a tensor) or frozen (packed). */

import type { Activation } from '../kernels/epilogue.js';
import type { FrozenMatrix } from '../kernels/frozen_matrix.js';
import { type AttentionMode, attention } from '../ops/attention.js';
import { layerNorm } from '../ops/layer_norm.js';
import { linear } from '../ops/linear.js';
import { slice } from '../ops/slice.js';
import { type Tensor, tidy } from '../tensor/tensor.js';

export type Weight = Tensor | FrozenMatrix;

export interface Linear {
  /** [N, K] */
  readonly weight: Weight;
  /** [N] */
  readonly bias: Tensor;
}

export interface Norm {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

/** A pre-norm transformer block. */
export interface Block {
  readonly ln1: Norm;
  /** q, k and v, [3 D, D]. */
  readonly inProj: Linear;
  readonly outProj: Linear;
  readonly ln2: Norm;
  /** [4 D, D] */
  readonly fc: Linear;
  /** [D, 4 D] */
  readonly proj: Linear;
}

export interface BlockOptions {
  readonly heads: number;
  readonly mode: AttentionMode;
  readonly activation: Activation;
  /** Round trainable weights to f16 inside products: faster, and too coarse to compare with published numbers. */
  readonly roundProducts?: boolean | undefined;
}

/** Layer normalisation over the last axis, eps 1e-5. */
export function norm(x: Tensor, p: Norm): Tensor {
  return layerNorm(x, p.weight, p.bias);
}

/** x + attention(ln_1 x), then + mlp(ln_2 x). x: [B, T, D]. */
export function block(x: Tensor, p: Block, { heads, mode, activation, roundProducts }: BlockOptions): Tensor {
  return tidy(() => {
    const y = tidy(() => {
      const qkv = linear(norm(x, p.ln1), p.inProj.weight, { bias: p.inProj.bias, roundProducts }); // [B, T, 3 D]
      const [, , packed] = qkv.shape as readonly [number, number, number];
      const values = mode.startsWith('vv') ? slice(qkv, 2, (packed / 3) * 2, packed / 3) : qkv;
      return linear(attention(values, { heads, mode }), p.outProj.weight, {
        bias: p.outProj.bias,
        residual: x,
        roundProducts,
      });
    });
    const h = linear(norm(y, p.ln2), p.fc.weight, { bias: p.fc.bias, activation, roundProducts }); // [B, T, 4 D]
    return linear(h, p.proj.weight, { bias: p.proj.bias, residual: y, roundProducts });
  });
}
