/** y = x / max(|x|, 1e-12) along the last axis. */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import { dispatchRows, l2NormalizeBackwardKernels, l2NormalizeKernels, rowsAndWidth } from '../kernels/row_kernels.js';
import { empty, type Tensor } from '../tensor/tensor.js';

/** Saves its result and the lengths of the rows of x. */
export const l2NormalizeOp: Op<null> = {
  name: 'l2_normalize',
  forward([x], _attrs, [needs]) {
    const { gpu } = x!;
    const { rows, d } = rowsAndWidth('l2_normalize', x!);
    const y = empty(gpu, x!.shape);
    const norms = empty(gpu, [rows]);
    dispatchRows(gpu, l2NormalizeKernels, {
      rows,
      params: { rows, d },
      buffers: { x: x!, norms, y },
      traffic: 8 * y.size,
    });
    return { out: y, saved: needs ? [y, norms] : [] };
  },
  vjp(dy, [y, norms]) {
    const { gpu } = dy;
    const { rows, d } = rowsAndWidth('l2_normalize', dy);
    const dx = empty(gpu, dy.shape);
    dispatchRows(gpu, l2NormalizeBackwardKernels, {
      rows,
      params: { rows, d },
      buffers: { y: y!, norms: norms!, dy, dx },
      traffic: 12 * dx.size,
    });
    return [dx];
  },
};

/** Makes the rows of x [..., D] unit vectors; a row shorter than 1e-12 is divided by 1e-12. The same shape. */
export function l2Normalize(x: Tensor): Tensor {
  return apply(l2NormalizeOp, [x], null);
}
