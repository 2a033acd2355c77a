import type { Gpu } from '../gpu/gpu.js';
import { FrozenMatrix } from '../kernels/frozen_matrix.js';
import { linear } from '../ops/linear.js';
import type { Tensor } from '../tensor/tensor.js';
import { bytesOf, type OpCase, times } from './op_case.js';

/** A weight [N, K] whose values are exact in f16, so that it can be kept in either width. */
function exactWeight(gpu: Gpu, n: number, k: number, half: boolean): FrozenMatrix {
  const data = Float32Array.from({ length: n * k }, (_, i) => (((i * 2654435761) >>> 24) - 128) / 4096);
  return FrozenMatrix.pack(gpu, data, n, k, half);
}

/** A linear layer whose weight is frozen: attention's and the hidden layer's in every block of both towers. */
export const frozenLinearCase: OpCase<{ x: Tensor; b?: Tensor }, FrozenMatrix> = {
  name: 'linear',
  run: ({ x, b }, w) => linear(x, w, { bias: b }),
  sizes: ({ tokens, width, hidden }) =>
    [false, true].flatMap((half) =>
      (
        [
          [width, width],
          [hidden, width],
          [width, hidden],
        ] as const
      ).map(([n, k]) => {
        const weight = (half ? 2 : 4) * n * k;
        const work = { flops: 2 * tokens * n * k, bytes: bytesOf([tokens, k], [tokens, n]) + weight };
        return {
          name: `${times(tokens, n, k)} frozen, ${half ? 'exact in f16' : 'f32'}`,
          inputs: { x: { shape: [tokens, k] }, b: { shape: [n] } },
          attrs: (gpu: Gpu) => exactWeight(gpu, n, k, half),
          forward: work,
          backward: work,
          wanted: ['x'] as const,
        };
      }),
    ),
};
