/**
 * LayerNorm inside the product that follows it.
 *
 * A kernel that can give moments writes, with its result, the mean and the spread of every row; the next product
 * normalises the rows as it reads them. The normalised rows are never stored, and a pass over memory is saved. Where the
 * kernels cannot do that, or a tape records, both functions are a linear layer and a LayerNorm as usual.
 */
import { recording } from '../autograd/tape.js';
import type { FrozenMatrix } from '../kernels/frozen_matrix.js';
import { fusesNorm, gemm, gemmWithMoments } from '../kernels/gemm.js';
import type { Moments } from '../kernels/gemm_job.js';
import type { Tensor } from '../tensor/tensor.js';
import { tidy } from '../tensor/tensor.js';
import { LAYER_NORM_EPS, layerNorm } from './layer_norm.js';
import { type LinearOptions, linear, linearProduct } from './linear.js';

/** Rows and, where their producer gave them, their moments. */
export interface Rows {
  /** [..., K] */
  readonly x: Tensor;
  readonly moments?: Moments | undefined;
}

/** act(x Wᵀ + bias) + residual, with the moments of the result's rows for the norm that follows. */
export function linearRows(x: Tensor, w: Tensor | FrozenMatrix, options: LinearOptions = {}): Rows {
  if (recording()) return { x: linear(x, w, options) };
  return tidy(() => {
    const { g, shape } = linearProduct(x, w, options);
    const { c, moments } = gemmWithMoments(g);
    return { x: c.view(shape), moments };
  });
}

/**
 * act(LayerNorm(x) Wᵀ + bias) + residual.
 * @param rows x [..., K], and its moments if they are known
 * @param norm weight and bias of the LayerNorm, [K] each
 * @param w [N, K], trainable or frozen
 * @returns [..., N]
 */
export function normLinear(
  { x, moments }: Rows,
  norm: { readonly weight: Tensor; readonly bias: Tensor },
  w: Tensor | FrozenMatrix,
  options: LinearOptions = {},
): Tensor {
  return tidy(() => {
    if (moments && !recording()) {
      const { g, shape } = linearProduct(x, w, options);
      if (fusesNorm(g)) return gemm({ ...g, norm: { ...norm, moments, eps: LAYER_NORM_EPS } }).view(shape);
    }
    return linear(layerNorm(x, norm.weight, norm.bias), w, options);
  });
}
