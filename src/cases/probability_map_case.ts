import { probabilityMap } from '../ops/score_map.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass } from './op_case.js';

/** The training map of a level, written out: bilinear to the picture, then softmax. */
export const probabilityMapCase: OpCase<{ s: Tensor }, { readonly size: number }> = {
  name: 'score_map',
  run: ({ s }, { size }) => probabilityMap(s, size),
  sizes: ({ grid, picture }) => {
    const [s, map] = [
      [1, 2, grid, grid],
      [1, 2, picture, picture],
    ] as const;
    return [
      {
        name: `probabilities, ${grid} to ${picture}`,
        inputs: { s: { shape: s, std: 3 } },
        attrs: () => ({ size: picture }),
        forward: pass(10, map, s),
        backward: pass(10, map, map, s),
      },
    ];
  },
};
