/** The same elements under another shape; no kernel, no copy. */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import type { Shape } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

export const reshapeOp: Op<{ readonly from: Shape; readonly to: Shape }> = {
  name: 'reshape',
  forward([x], { to }) {
    return { out: x!.view(to), saved: [] };
  },
  vjp(dy, _saved, { from }) {
    return [dy.view(from)];
  },
};

/** x under a shape of the same number of elements. @throws when the numbers differ. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  return apply(reshapeOp, [x], { from: x.shape, to: shape });
}
