/** The residual adapter's mix: mix |x| a / |a| + (1 - mix) x with a = LeakyReLU(z) of slope 0.01, lengths by row. */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import type { FrozenMatrix } from '../kernels/frozen_matrix.js';
import type { Moments } from '../kernels/gemm_job.js';
import { adapterMixBackwardKernels, adapterMixKernels, dispatchRows, rowsAndWidth } from '../kernels/row_kernels.js';
import { empty, expectSameShape, type Tensor, tidy } from '../tensor/tensor.js';
import { linear } from './linear.js';

/** Inputs: x and z, both [..., D]. Saves z and the lengths of both, and x where its own gradient is wanted. */
export const adapterMixOp: Op<{ readonly mix: number; readonly moments?: Moments | undefined }> = {
  name: 'adapter_mix',
  forward([x, z], { mix, moments }, needs) {
    expectSameShape('adapter_mix', x!, z!);
    const { gpu } = x!;
    const { rows, d } = rowsAndWidth('adapter_mix', x!);
    const y = empty(gpu, x!.shape);
    const norms = empty(gpu, [rows, 2]); // |x|, |a|
    dispatchRows(gpu, adapterMixKernels, {
      rows,
      knobs: { MOMENTS: moments !== undefined },
      params: { rows, d, mix },
      // Moments that nobody asked for are not written, but their binding needs a buffer of its own.
      buffers: { x: x!, z: z!, norms, moments: moments?.data ?? empty(gpu, [2]), y },
      traffic: 12 * y.size,
    });
    if (needs[0]) return { out: y, saved: [z!, norms, x!] };
    return { out: y, saved: needs[1] ? [z!, norms] : [] };
  },
  vjp(dy, [z, norms, x], { mix }, needs) {
    const { gpu } = dy;
    const { rows, d } = rowsAndWidth('adapter_mix', dy);
    const [wantX, wantZ] = [needs[0] === true, needs[1] === true];
    // A gradient that is not needed is not written, but its binding needs a buffer, and no other output may share it.
    const dx = empty(gpu, wantX ? dy.shape : [1]);
    const dz = empty(gpu, wantZ ? dy.shape : [1]);
    dispatchRows(gpu, adapterMixBackwardKernels, {
      rows,
      knobs: { DX: wantX, DZ: wantZ },
      params: { rows, d, mix },
      buffers: { x: x ?? z!, z: z!, norms: norms!, dy, dx, dz },
      traffic: 4 * (dy.size * (wantX ? 3 : 2) + dx.size + dz.size),
    });
    return [wantX ? dx : null, wantZ ? dz : null];
  },
};

/**
 * mix |x| a / |a| + (1 - mix) x with a = LeakyReLU(z); lengths along the last axis, unguarded against a = 0.
 * @param x [..., D]
 * @param z [..., D], the adapter's output before its activation
 * @returns [..., D]
 */
export function adapterMix(x: Tensor, z: Tensor, mix: number): Tensor {
  return apply(adapterMixOp, [x, z], { mix });
}

/**
 * The same mix, and the moments of its rows, for a product that normalises them (`Gemm.norm`).
 * @returns y [..., D] and its moments in one part, [rows, 1, 2]
 */
export function adapterMixWithMoments(x: Tensor, z: Tensor, mix: number): { y: Tensor; moments: Moments } {
  const { rows, d } = rowsAndWidth('adapter_mix', x);
  const moments = { data: empty(x.gpu, [rows, 1, 2]), width: d };
  return { y: apply(adapterMixOp, [x, z], { mix, moments }), moments };
}

/**
 * A residual adapter: its linear layer without bias, then the mix with its own input.
 * @param x [..., D]
 * @param w [D, D], trainable or frozen
 * @param mix share of the adapter's direction; the published model takes 0.1
 */
export function residualAdapter(x: Tensor, w: Tensor | FrozenMatrix, mix: number): Tensor {
  return tidy(() => adapterMix(x, linear(x, w), mix));
}
