import { assembleTokens } from '../ops/tokens.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass, times } from './op_case.js';

/** The image tower's input: class token, patches, positions. */
export const tokensCase: OpCase<{ patches: Tensor; cls: Tensor; positional: Tensor }> = {
  name: 'tokens',
  run: ({ patches, cls, positional }) => assembleTokens(patches, cls, positional),
  sizes: ({ patches, tokens, width }) => {
    const [cut, all] = [
      [1, patches, width],
      [tokens, width],
    ] as const;
    return [
      {
        name: times(1, ...all),
        inputs: { patches: { shape: cut }, cls: { shape: [width] }, positional: { shape: all } },
        forward: pass(1, all, all, cut, [width]),
        backward: pass(0, all, cut, [width], all),
      },
    ];
  },
};
