import { augmentGeometry, type Geometry } from '../picture/augment_geometry.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass, times } from './op_case.js';

/** A picture with its mask turned, shifted and mirrored, as training does it. */
export const augmentGeometryCase: OpCase<{ x: Tensor }, { readonly geometry: readonly Geometry[] }> = {
  name: 'augment_geometry',
  constant: ['x'],
  run: ({ x }, { geometry }) => augmentGeometry(x, geometry),
  sizes: ({ picture }) => {
    const shape = [1, 4, picture, picture];
    return [
      {
        name: times(...shape),
        inputs: { x: { shape } },
        attrs: () => ({
          geometry: [{ rotate: 12.5, translate: [8, -3], horizontalFlip: true, verticalFlip: false }],
        }),
        forward: pass(20, shape, shape),
      },
    ];
  },
};
