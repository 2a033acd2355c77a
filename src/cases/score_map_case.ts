import { type Blur, scoreMap } from '../ops/score_map.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass } from './op_case.js';

/** The map of a test at the size of the picture, from the similarities of a level. */
export const scoreMapCase: OpCase<{ s: Tensor }, { readonly size: number; readonly blur: Blur }> = {
  name: 'score_map',
  run: ({ s }, { size, blur }) => scoreMap(s, size, blur),
  sizes: ({ grid, picture }) =>
    [
      { taps: 7, sigma: 1 },
      { taps: 9, sigma: 1.5 },
    ].map((blur) => ({
      name: `${blur.taps} taps, ${grid} to ${picture}`,
      inputs: { s: { shape: [1, 2, grid, grid], std: 30 } },
      attrs: () => ({ size: picture, blur }),
      // The last pass reads every tap of blur and interpolation: eight or ten for each pixel.
      forward: pass(2 * (blur.taps + 1), [1, 1, picture, picture], [1, 2, grid, grid]),
    })),
};
