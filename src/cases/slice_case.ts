import { slice } from '../ops/slice.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass, times } from './op_case.js';

/** A run of places along an axis: the patches without the class token. */
export const sliceCase: OpCase<
  { x: Tensor },
  { readonly axis: number; readonly start: number; readonly count: number }
> = {
  name: 'slice',
  run: ({ x }, { axis, start, count }) => slice(x, axis, start, count),
  sizes: ({ tokens, patches, width }) => {
    const [x, y] = [
      [1, tokens, width],
      [1, patches, width],
    ] as const;
    return [
      {
        name: `${times(...y)} of ${times(...x)}`,
        inputs: { x: { shape: x } },
        attrs: () => ({ axis: 1, start: 1, count: patches }),
        forward: pass(0, y, y),
        backward: pass(0, x, y),
      },
    ];
  },
};
