import { unfold } from '../ops/unfold.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass, times } from './op_case.js';

/** A picture cut into patches. */
export const unfoldCase: OpCase<{ x: Tensor }, { readonly patch: number }> = {
  name: 'unfold',
  run: ({ x }, { patch }) => unfold(x, patch),
  sizes: ({ picture, patch }) => {
    const shape = [1, 3, picture, picture];
    return [
      {
        name: `${times(...shape)} in patches of ${patch}`,
        inputs: { x: { shape } },
        attrs: () => ({ patch }),
        forward: pass(0, shape, shape),
        backward: pass(0, shape, shape),
      },
    ];
  },
};
