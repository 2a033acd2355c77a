import { describe, expect, it } from 'vitest';
import { Tape } from '../../src/autograd/tape.js';
import { l2NormalizeCase } from '../../src/cases/l2_normalize_case.js';
import { add } from '../../src/ops/add.js';
import { l2Normalize } from '../../src/ops/l2_normalize.js';
import { read, upload } from '../../src/tensor/tensor.js';
import { device, variantsOf } from '../devices.js';
import { testCase } from '../op_harness.js';
import { arr } from '../reference/arr.js';
import { l2Normalize as reference } from '../reference/l2_normalize.js';

// Widths odd, prime, one either side of a subgroup and a workgroup, and the model's; partly filled workgroups.
for (const shape of [[3, 2], [3, 7], [9, 8], [9], [33, 31], [2, 5, 63], [2, 64], [7, 65], [67, 96], [3, 1024]]) {
  testCase(l2NormalizeCase, {
    name: `l2 normalisation of [${shape.join(', ')}]`,
    inputs: { x: arr(shape, `x ${shape}`, 2) },
    reference: ({ x }) => reference(x),
  });
}

testCase(l2NormalizeCase, {
  name: 'l2 normalisation of rows of mean 1000',
  inputs: { x: arr([5, 77], 'far', 1, 1000) },
  reference: ({ x }) => reference(x),
});

describe('l2 normalisation', () => {
  for (const variant of variantsOf('l2_normalize', 'l2_normalize_backward')) {
    const backward = async (values: readonly number[], shape: readonly number[], cotangent: readonly number[]) => {
      const gpu = await device(variant);
      using x = upload(gpu, Float32Array.from(values), shape);
      using dy = upload(gpu, Float32Array.from(cotangent), shape);
      using tape = new Tape(add);
      tape.watch([x]);
      using y = tape.record(() => l2Normalize(x));
      const [dx] = tape.backward(y, [x], dy);
      using gradient = dx!;
      return { y: [...(await read(y))], dx: await read(gradient) };
    };

    it(`gives the sign of rows of one value, where the gradient is zero (${variant})`, async () => {
      const { y, dx } = await backward([3, -0.1, 700], [3, 1], [1, 2, -3]);
      [1, -1, 1].forEach((sign, i) => {
        expect(y[i]).toBeCloseTo(sign, 6);
        // Rounding of the two terms that cancel, over the length.
        expect(Math.abs(dx[i]!)).toBeLessThan(2e-5);
      });
    });

    it(`divides rows shorter than 1e-12 by 1e-12, forward and backward (${variant})`, async () => {
      const { y, dx } = await backward([0, 0, 0, 3e-13, 0, 4e-13], [2, 3], [1, -2, 0.5, 1, 2, 3]);
      [0, 0, 0, 0.3, 0, 0.4].forEach((want, i) => {
        expect(y[i]).toBeCloseTo(want, 6);
      });
      [1, -2, 0.5, 1, 2, 3].forEach((g, i) => {
        expect(dx[i]! / 1e12).toBeCloseTo(g, 5);
      });
    });
  }

  it('refuses rows without values', async () => {
    const gpu = await device();
    using x = upload(gpu, new Float32Array(0), [2, 0]);
    expect(() => l2Normalize(x)).toThrow('l2_normalize: expected rows of at least one value, got [2, 0]');
  });
});
