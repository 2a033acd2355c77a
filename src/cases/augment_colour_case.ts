import { augmentColour, type ColourJitter } from '../picture/augment_colour.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass } from './op_case.js';

/** Brightness, contrast and saturation of a photograph before it is resized, as training changes them. */
export const augmentColourCase: OpCase<{ x: Tensor }, { readonly pixels: number; readonly jitter: ColourJitter }> = {
  name: 'augment_colour',
  constant: ['x'],
  run: ({ x }, { pixels, jitter }) => augmentColour(x, pixels, jitter),
  sizes: ({ photograph: [width, height] }) => {
    const pixels = width * height;
    const words = [Math.ceil((3 * pixels) / 4)];
    return [
      {
        name: `${width}x${height}`,
        inputs: { x: { shape: words, values: 'pixels' } },
        attrs: () => ({ pixels, jitter: { brightness: 1.1, contrast: 0.9, saturation: 1.2 } }),
        // Contrast needs the mean first: the picture is read twice and written once.
        forward: pass(40, words, words, words),
      },
    ];
  },
};
