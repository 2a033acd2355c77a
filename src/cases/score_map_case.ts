import { type Domain, scoreMap } from '../ops/score_map.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass } from './op_case.js';

/** The map of a test at the size of the picture, from the similarities of all levels together. */
export const scoreMapCase: OpCase<
  { s: Tensor },
  { readonly size: number; readonly domain: Domain; readonly levels?: number }
> = {
  name: 'score_map',
  run: ({ s }, { size, domain, levels }) => scoreMap(s, size, domain, levels),
  sizes: ({ grid, picture, levels }) =>
    (['Industrial', 'Medical'] as const).map((domain) => ({
      name: `${domain}, ${grid} to ${picture}`,
      inputs: { s: { shape: [1, 2, grid, grid], std: 30 } },
      attrs: () => ({ size: picture, domain, levels }),
      // The last pass reads every tap of blur and interpolation: eight or ten for each pixel.
      forward: pass(domain === 'Industrial' ? 16 : 20, [1, 1, picture, picture], [1, 2, grid, grid]),
    })),
};
