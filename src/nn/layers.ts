/** Layers as plain typed parameters and pure functions. A weight is trainable (a tensor) or frozen (packed). */

import { recording } from '../autograd/tape.js';
import type { Activation } from '../kernels/epilogue.js';
import { FrozenMatrix } from '../kernels/frozen_matrix.js';
import { type AttentionMode, attention } from '../ops/attention.js';
import { concat } from '../ops/concat.js';
import { layerNorm } from '../ops/layer_norm.js';
import { linear } from '../ops/linear.js';
import { linearRows, normLinear, type Rows } from '../ops/norm_linear.js';
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

/** Rows `from` up to `from + count` of a layer's output features, as a layer. */
export function partOf({ weight, bias }: Linear, from: number, count: number): Linear {
  // The tape follows slices, not tensors in the same memory.
  const inPlace = recording() ? undefined : bias.part(from, [count]);
  return {
    weight: weight instanceof FrozenMatrix ? weight.rows(from, count) : slice(weight, 0, from, count),
    bias: inPlace ?? slice(bias, 0, from, count),
  };
}

/**
 * f of rows, for a few entries of the batch at a time where a tensor inside f would be too large for one kernel.
 * @param rows x [B, ...]; f treats the entries of its batch alone
 * @param widest values that f's largest tensor has for an entry
 */
export function inParts(rows: Rows, widest: number, f: (part: Rows) => Rows): Rows {
  const { x } = rows;
  const batch = x.dim(0);
  const most = Math.max(1, Math.floor(x.gpu.bindingLimit / (4 * widest)));
  if (batch <= most) return f(rows);
  // Parts of nearly one size: kernels prefer them, and buffers are used again.
  const size = Math.ceil(batch / Math.ceil(batch / most));
  return tidy(() => {
    const parts: Tensor[] = [];
    for (let at = 0; at < batch; at += size) {
      parts.push(tidy(() => f({ x: slice(x, 0, at, Math.min(size, batch - at)) }).x));
    }
    return { x: concat(parts, 0) };
  });
}

/** y + mlp(ln_2 y). */
export function mlp(y: Rows, p: Block, { activation, roundProducts }: Omit<BlockOptions, 'heads' | 'mode'>): Rows {
  return tidy(() => {
    const h = normLinear(y, p.ln2, p.fc.weight, { bias: p.fc.bias, activation, roundProducts }); // [..., 4 D]
    return linearRows(h, p.proj.weight, { bias: p.proj.bias, residual: y.x, roundProducts });
  });
}

/** x + attention(ln_1 x). V-V attention computes no queries and no keys. */
function attend(rows: Rows, p: Block, { heads, mode, roundProducts }: Omit<BlockOptions, 'activation'>): Rows {
  return tidy(() => {
    const d = rows.x.dim(-1);
    const { weight, bias } = mode === 'vv_token' || mode === 'vv_batch' ? partOf(p.inProj, 2 * d, d) : p.inProj;
    const values = normLinear(rows, p.ln1, weight, { bias, roundProducts }); // [B, T, 3 D], or V-V's values [B, T, D]
    return linearRows(attention(values, { heads, mode }), p.outProj.weight, {
      bias: p.outProj.bias,
      residual: rows.x,
      roundProducts,
    });
  });
}

/**
 * A block, and the V-V attention of the same tokens added to a second path: side + out_proj(V-V attention(ln_1 x)). The
 * second path has no MLP, and nothing of it goes back into x. For inference.
 * @param rows x [B, T, D]
 * @param side [B, T, D]
 */
export function blockWithSide(
  rows: Rows,
  side: Tensor,
  p: Block,
  { heads, activation }: Pick<BlockOptions, 'heads' | 'activation'>,
): { readonly rows: Rows; readonly side: Tensor } {
  return tidy(() => {
    const qkv = normLinear(rows, p.ln1, p.inProj.weight, { bias: p.inProj.bias }); // [B, T, 3 D]
    const { weight, bias } = p.outProj;
    const y = linearRows(attention(qkv, { heads, mode: 'full' }), weight, { bias, residual: rows.x });
    const beside = attention(qkv, { heads, mode: 'vv_beside' }); // [B, T, D]
    return { rows: mlp(y, p, { activation }), side: linear(beside, weight, { bias, residual: side }) };
  });
}

/** side + out_proj(V-V attention(ln_1 x)) alone, where nobody needs x after the block. */
export function sideOfBlock(rows: Rows, side: Tensor, p: Block, heads: number): Tensor {
  return tidy(() => {
    const d = rows.x.dim(-1);
    const part = partOf(p.inProj, 2 * d, d);
    const values = normLinear(rows, p.ln1, part.weight, { bias: part.bias }); // [B, T, D]
    const { weight, bias } = p.outProj;
    return linear(attention(values, { heads, mode: 'vv_token' }), weight, { bias, residual: side });
  });
}

/**
 * x + attention(ln_1 x), then + mlp(ln_2 x). x: [B, T, D].
 *
 * A batch whose queries, keys and values or whose hidden layer exceed the adapter's binding limit goes through them in
 * parts. V-V attention along the batch does not: its tensors are as wide as x.
 */
export function block(rows: Rows, p: Block, options: BlockOptions): Rows {
  return tidy(() => {
    const entry = rows.x.dim(1) * rows.x.dim(2);
    const whole = options.mode === 'vv_batch';
    const y = whole ? attend(rows, p, options) : inParts(rows, 3 * entry, (part) => attend(part, p, options));
    return inParts(y, 4 * entry, (part) => mlp(part, p, options));
  });
}
