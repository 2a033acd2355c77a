import { matmul } from '../ops/matmul.js';
import type { Tensor } from '../tensor/tensor.js';
import { bytesOf, type OpCase, times } from './op_case.js';

/** A product of two tensors: means of prompts, and every text against every other. */
export const matmulCase: OpCase<{ a: Tensor; b: Tensor }, { readonly transA?: boolean; readonly transB?: boolean }> = {
  name: 'matmul',
  run: ({ a, b }, attrs) => matmul(a, b, attrs),
  sizes: ({ texts, embed }) => {
    const size = (m: number, n: number, k: number, transB: boolean) => {
      const [a, b, c] = [[m, k], transB ? [n, k] : [k, n], [m, n]];
      const product = { flops: 2 * m * n * k, bytes: bytesOf(a, b, c) };
      return {
        name: `${times(m, n, k)}${transB ? ' transposed' : ''}`,
        inputs: { a: { shape: a }, b: { shape: b } },
        attrs: () => ({ transB }),
        forward: product,
        backward: { flops: 2 * product.flops, bytes: 2 * product.bytes },
      };
    };
    return [size(2, embed, texts, false), size(texts, texts, embed, true)];
  },
};
