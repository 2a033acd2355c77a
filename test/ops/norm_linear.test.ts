import { expect, it } from 'vitest';
import { normLinearCase } from '../../src/cases/norm_linear_case.js';
import type { Activation } from '../../src/kernels/epilogue.js';
import { linear } from '../../src/ops/linear.js';
import { linearRows } from '../../src/ops/norm_linear.js';
import { read, type Tensor, tidy, upload } from '../../src/tensor/tensor.js';
import { allVariants, device, isCoarse, variants } from '../devices.js';
import { normalisedError, testCase } from '../op_harness.js';
import { arr } from '../reference/arr.js';
import { layerNorm } from '../reference/layer_norm.js';
import { linear as product } from '../reference/linear.js';

const exactOnes = allVariants.filter((variant) => !isCoarse(variant));

// x through a first layer with residual, whose kernel may give the moments; LayerNorm and a second layer after it.
// Widths where parts of rows end ragged, and rows far from zero.
for (const { m, k, d, n, mean = 0, activation = 'none' } of [
  { m: 5, k: 8, d: 24, n: 16 },
  { m: 67, k: 24, d: 136, n: 72, activation: 'gelu' },
  { m: 9, k: 16, d: 264, n: 8, mean: 100 },
  { m: 3, k: 6, d: 10, n: 14 },
] as readonly { m: number; k: number; d: number; n: number; mean?: number; activation?: Activation }[]) {
  testCase(normLinearCase, {
    name: `linear ${m}x${k}x${d}, LayerNorm and linear ${m}x${d}x${n} with ${activation}, rows of mean ${mean}`,
    inputs: {
      x: arr([m, k], 'x'),
      w: arr([d, k], 'w', 0.4),
      r: arr([m, d], 'residual', 1, mean),
      weight: arr([d], 'norm weight', 0.2, 1),
      bias: arr([d], 'norm bias', 0.2),
      v: arr([n, d], 'second w', 0.2),
      b: arr([n], 'second b'),
    },
    attrs: () => ({ activation }),
    reference: ({ x, w, r, weight, bias, v, b }) =>
      product(layerNorm(product(x, w, undefined, r), weight, bias), v, b, undefined, activation),
    // Rows of mean 100 lose two digits before the norm sees them.
    ...(mean === 0 ? {} : { forwardBound: 1e-4, forwardOnly: true, variants: exactOnes }),
    ...(m > 9 ? { forwardOnly: true } : {}),
  });
}

it('gives the same rows with and without moments', async () => {
  for (const variant of variants) {
    const gpu = await device(variant);
    const [x, w, r] = (
      [
        ['x', [9, 16]],
        ['w', [40, 16]],
        ['r', [9, 40]],
      ] as const
    ).map(([name, shape]) => upload(gpu, Float32Array.from(arr(shape, name).data), shape)) as [Tensor, Tensor, Tensor];
    const [a, b] = tidy(() => [linearRows(x, w, { residual: r }).x, linear(x, w, { residual: r })] as const);
    expect(normalisedError(await read(a), await read(b)), variant).toBeLessThan(1e-6);
    for (const t of [x, w, r, a, b]) t.release();
  }
});
