import { type LayerNormOptions, layerNorm } from '../ops/layer_norm.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass, times } from './op_case.js';

/** Layer normalisation: of all tokens in both towers, and without the class token before a level is projected. */
export const layerNormCase: OpCase<{ x: Tensor; w: Tensor; b: Tensor }, LayerNormOptions> = {
  name: 'layer_norm',
  run: ({ x, w, b }, options) => layerNorm(x, w, b, options),
  sizes: ({ tokens, patches, width, texts, context, textWidth }) => {
    const size = (name: string, x: readonly number[], y: readonly number[], options: LayerNormOptions) => {
      const row = [x.at(-1)!];
      return {
        name,
        inputs: { x: { shape: x }, w: { shape: row, std: 0.1, mean: 1 }, b: { shape: row, std: 0.05 } },
        attrs: () => options,
        forward: pass(8, y, y, row, row),
        backward: pass(12, x, y, y, row),
        // Weight and bias are frozen.
        wanted: ['x'] as const,
      };
    };
    return [
      size(times(tokens, width), [tokens, width], [tokens, width], {}),
      size(`${times(1, tokens, width)} without the class token`, [1, tokens, width], [1, patches, width], { skip: 1 }),
      size(times(texts, context, textWidth), [texts, context, textWidth], [texts, context, textWidth], {}),
    ];
  },
};
