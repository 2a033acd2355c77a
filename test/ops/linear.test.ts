import { describe, expect, it } from 'vitest';
import { frozenLinearCase } from '../../src/cases/frozen_linear_case.js';
import { linearCase } from '../../src/cases/linear_case.js';
import { FrozenMatrix } from '../../src/kernels/frozen_matrix.js';
import { add } from '../../src/ops/add.js';
import { linear } from '../../src/ops/linear.js';
import { liveTensors, read, upload } from '../../src/tensor/tensor.js';
import { device, isCoarse, variantsOf } from '../devices.js';
import { normalisedError, testCase } from '../op_harness.js';
import { type Arr, arr } from '../reference/arr.js';
import { linear as reference } from '../reference/linear.js';

// Widths 1, odd, prime, and one either side of the panels and tiles.
for (const [m, k, n] of [
  [1, 1, 1],
  [7, 13, 31],
  [33, 8, 24],
  [65, 33, 25],
  [64, 64, 65],
] as const) {
  testCase(linearCase, {
    name: `linear ${m}x${k}x${n} with bias`,
    inputs: { x: arr([m, k], 'x'), w: arr([n, k], 'w', 0.3), b: arr([n], 'b') },
    attrs: () => ({}),
    reference: ({ x, w, b }) => reference(x, w, b),
  });
}

testCase(linearCase, {
  name: 'linear over rows of mean 1000',
  inputs: { x: arr([9, 40], 'x', 1, 1000), w: arr([12, 40], 'w', 0.3) },
  attrs: () => ({}),
  reference: ({ x, w }) => reference(x, w),
});

for (const activation of ['gelu', 'quickgelu', 'leaky_relu'] as const) {
  testCase(linearCase, {
    name: `linear with ${activation} and residual`,
    inputs: { x: arr([2, 5, 12], 'x'), w: arr([20, 12], 'w', 0.4), b: arr([20], 'b'), r: arr([2, 5, 20], 'r') },
    attrs: () => ({ activation }),
    reference: ({ x, w, b, r }) => reference(x, w, b, r, activation),
  });
}

// Quarters are exact in f16, thirds are not.
for (const [kind, half] of [
  ['exact in f16', true],
  ['of full precision', false],
] as const) {
  for (const [n, k] of [
    [50, 22],
    [33, 40],
    [32, 64],
  ] as const) {
    const raw = arr([n, k], `frozen ${kind}`, 0.5);
    const w: Arr = half ? { shape: raw.shape, data: raw.data.map((v) => Math.round(v * 64) / 64) } : raw;
    testCase(frozenLinearCase, {
      name: `linear ${n}x${k} with a frozen weight ${kind}`,
      inputs: { x: arr([37, k], 'x'), b: arr([n], 'b') },
      attrs: (gpu) => FrozenMatrix.pack(gpu, Float32Array.from(w.data), n, k, half),
      reference: ({ x, b }) => reference(x, w, b),
      forwardOnly: true,
    });
  }
}

describe('frozen weights', () => {
  for (const variant of variantsOf('matmul')) {
    it(`give x the gradient dy W (${variant})`, async () => {
      const gpu = await device(variant);
      const before = liveTensors(gpu);
      for (const half of [true, false]) {
        const [m, n, k] = [19, 45, 38];
        const w = arr([n, k], 'w', 0.5).data.map((v) => (half ? Math.round(v * 64) / 64 : v));
        using packed = FrozenMatrix.pack(gpu, Float32Array.from(w), n, k, half);
        using x = upload(gpu, new Float32Array(m * k), [m, k]);
        const { Tape } = await import('../../src/autograd/tape.js');
        using tape = new Tape(add);
        tape.watch([x]);
        using y = tape.record(() => linear(x, packed));
        const ct = arr([m, n], 'ct').data;
        using dy = upload(gpu, Float32Array.from(ct), [m, n]);
        const [dx] = tape.backward(y, [x], dy);
        const want = new Float64Array(m * k);
        for (let i = 0; i < m; i++)
          for (let j = 0; j < n; j++) for (let l = 0; l < k; l++) want[i * k + l]! += ct[i * n + j]! * w[j * k + l]!;
        expect(normalisedError(await read(dx!), want)).toBeLessThan(isCoarse(variant) ? 5e-3 : 1e-5);
        dx!.release();
      }
      expect(liveTensors(gpu)).toBe(before);
    });
  }

  it('take half the memory where every value is exact in f16', async () => {
    const gpu = await device('best');
    using a = FrozenMatrix.pack(gpu, new Float32Array(96 * 96), 96, 96, true);
    using b = FrozenMatrix.pack(gpu, new Float32Array(96 * 96), 96, 96, false);
    expect(a.bytes * 2).toBe(b.bytes);
  });

  it('names both widths when x does not fit', async () => {
    const gpu = await device('best');
    using x = upload(gpu, new Float32Array(6), [2, 3]);
    using w = upload(gpu, new Float32Array(8), [2, 4]);
    expect(() => linear(x, w)).toThrow('linear: expected x of width 4, got [2, 3]');
  });
});
