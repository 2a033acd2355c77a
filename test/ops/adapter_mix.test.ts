import { describe, expect, it, vi } from 'vitest';
import { Tape } from '../../src/autograd/tape.js';
import { adapterMixCase } from '../../src/cases/adapter_mix_case.js';
import { residualAdapterCase } from '../../src/cases/residual_adapter_case.js';
import { FrozenMatrix } from '../../src/kernels/frozen_matrix.js';
import { adapterMix, residualAdapter } from '../../src/ops/adapter_mix.js';
import { add } from '../../src/ops/add.js';
import { liveTensors, read, tidy, upload } from '../../src/tensor/tensor.js';
import { device, variantsOf } from '../devices.js';
import { normalisedError, testCase } from '../op_harness.js';
import { adapterMix as reference } from '../reference/adapter_mix.js';
import { arr } from '../reference/arr.js';
import { linear } from '../reference/linear.js';

// Widths odd, prime, one either side of a subgroup and a workgroup, and the model's; partly filled workgroups.
for (const shape of [[3, 2], [3, 7], [9, 8], [9], [33, 31], [2, 5, 63], [2, 64], [7, 65], [67, 96], [3, 1024]]) {
  testCase(adapterMixCase, {
    name: `adapter mix of [${shape.join(', ')}]`,
    inputs: { x: arr(shape, `x ${shape}`, 2), z: arr(shape, `z ${shape}`) },
    attrs: () => ({ mix: 0.1 }),
    reference: ({ x, z }) => reference(x, z, 0.1),
  });
}

testCase(adapterMixCase, {
  name: 'adapter mix of rows of mean 1000',
  inputs: { x: arr([5, 77], 'far x', 1, 1000), z: arr([5, 77], 'far z', 1, 1000) },
  attrs: () => ({ mix: 0.7 }),
  reference: ({ x, z }) => reference(x, z, 0.7),
});

testCase(residualAdapterCase, {
  name: 'residual adapter',
  inputs: { x: arr([2, 5, 24], 'x', 2), w: arr([24, 24], 'w', 0.2) },
  attrs: () => ({ mix: 0.1 }),
  reference: ({ x, w }) => reference(x, linear(x, w), 0.1),
});

describe('adapter mix', () => {
  for (const variant of variantsOf('adapter_mix', 'adapter_mix_backward')) {
    const mixed = async (
      x: readonly number[],
      z: readonly number[],
      shape: readonly number[],
      cotangent: readonly number[],
    ) => {
      const gpu = await device(variant);
      using tx = upload(gpu, Float32Array.from(x), shape);
      using tz = upload(gpu, Float32Array.from(z), shape);
      using dy = upload(gpu, Float32Array.from(cotangent), shape);
      using tape = new Tape(add);
      tape.watch([tx, tz]);
      using y = tape.record(() => adapterMix(tx, tz, 0.25));
      const [dx, dz] = tape.backward(y, [tx, tz], dy);
      using gx = dx!;
      using gz = dz!;
      return { y: [...(await read(y))], dx: [...(await read(gx))], dz: [...(await read(gz))] };
    };

    it(`takes the sign of z for rows of one value, where z has no gradient (${variant})`, async () => {
      const { y, dx, dz } = await mixed([2, -3], [-0.5, 0.125], [2, 1], [1, 2]);
      // x + sign(z) |x| in shares of 3 to 1.
      expect(y[0]).toBeCloseTo(1.5 - 0.5, 6);
      expect(y[1]).toBeCloseTo(-2.25 + 0.75, 6);
      expect(dx[0]).toBeCloseTo(0.75 - 0.25, 6);
      expect(dx[1]).toBeCloseTo(2 * (0.75 - 0.25), 6);
      for (const g of dz) expect(Math.abs(g)).toBeLessThan(2e-5);
    });

    it(`keeps a zero row zero, with the gradient of x alone (${variant})`, async () => {
      const { y, dx, dz } = await mixed([0, 0, 0], [1, -2, 3], [1, 3], [4, 8, -12]);
      expect(y).toEqual([0, 0, 0]);
      expect(dx).toEqual([3, 6, -9]);
      for (const g of dz) expect(Math.abs(g)).toBe(0);
    });

    it(`computes only the gradient that is needed (${variant})`, async () => {
      const gpu = await device(variant);
      using x = upload(gpu, new Float32Array(12).fill(1), [3, 4]);
      using z = upload(gpu, new Float32Array(12).fill(2), [3, 4]);
      for (const [wanted, knobs] of [
        [x, 'DX=true,DZ=false'],
        [z, 'DX=false,DZ=true'],
      ] as const) {
        using tape = new Tape(add);
        tape.watch([wanted]);
        using y = tape.record(() => adapterMix(x, z, 0.25));
        const asked = vi.spyOn(gpu.kernels, 'get');
        for (const g of tape.backward(y, [wanted], x)) g!.release();
        expect(asked.mock.results.map((r) => r.value.label).join()).toContain(knobs);
        asked.mockRestore();
      }
    });
  }

  it('takes a frozen weight', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    const [x, w] = [arr([6, 16], 'x', 2), arr([16, 16], 'w', 0.3)];
    using frozen = FrozenMatrix.pack(gpu, Float32Array.from(w.data), 16, 16, false);
    const packed = liveTensors(gpu);
    using y = tidy(() => residualAdapter(upload(gpu, Float32Array.from(x.data), x.shape), frozen, 0.1));
    expect(normalisedError(await read(y), reference(x, linear(x, w), 0.1).data)).toBeLessThan(1e-5);
    expect(liveTensors(gpu)).toBe(packed + 1);
    expect(packed).toBeGreaterThanOrEqual(before);
  });

  it('names both shapes when z does not fit', async () => {
    const gpu = await device();
    using x = upload(gpu, new Float32Array(6), [2, 3]);
    using z = upload(gpu, new Float32Array(6), [3, 2]);
    expect(() => adapterMix(x, z, 0.1)).toThrow('adapter_mix: expected shape [2, 3], got [3, 2]');
  });
});
