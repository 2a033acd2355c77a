import { similarity } from '../ops/similarity.js';
import type { Tensor } from '../tensor/tensor.js';
import { bytesOf, type OpCase, times } from './op_case.js';

/** Patch features f against the two text anchors t of their class. */
export const similarityCase: OpCase<{ f: Tensor; t: Tensor }, { readonly scale?: number }> = {
  name: 'similarity',
  run: ({ f, t }, { scale }) => similarity(f, t, scale),
  sizes: ({ patches, embed }) => {
    const [f, t] = [
      [1, patches, embed],
      [1, embed, 2],
    ];
    const product = { flops: 4 * patches * embed, bytes: bytesOf(f, t, [2, patches]) };
    return [
      {
        name: times(patches, embed, 2),
        inputs: { f: { shape: f, std: embed ** -0.5 }, t: { shape: t, std: embed ** -0.5 } },
        attrs: () => ({}),
        forward: product,
        backward: { flops: 2 * product.flops, bytes: 2 * product.bytes },
      },
    ];
  },
};
