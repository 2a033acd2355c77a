import { crossEntropy } from '../ops/cross_entropy.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass, times } from './op_case.js';

/** Cross entropy against class numbers: of good and faulty in stage two, of a square of captions in pre-training. */
export const crossEntropyCase: OpCase<{ x: Tensor }, { readonly labels: Uint32Array }> = {
  name: 'cross_entropy',
  run: ({ x }, { labels }) => crossEntropy(x, labels),
  sizes: ({ texts }) =>
    [
      [texts, 2],
      [texts, texts],
    ].map((shape) => ({
      name: times(...shape),
      inputs: { x: { shape, std: 2 } },
      attrs: () => ({ labels: Uint32Array.from({ length: texts }, (_, i) => i % shape[1]!) }),
      forward: pass(5, shape),
      backward: pass(6, shape, shape),
    })),
};
