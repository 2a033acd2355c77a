import { describe, expect, it } from 'vitest';
import { Tape } from '../../src/autograd/tape.js';
import { layerNormCase } from '../../src/cases/layer_norm_case.js';
import { add } from '../../src/ops/add.js';
import { layerNorm } from '../../src/ops/layer_norm.js';
import { liveTensors, read, tidy, upload } from '../../src/tensor/tensor.js';
import { device, variantsOf } from '../devices.js';
import { testCase } from '../op_harness.js';
import { type Arr, arr } from '../reference/arr.js';
import { layerNorm as reference } from '../reference/layer_norm.js';

const inputsOf = (shape: readonly number[], name: string): { x: Arr; w: Arr; b: Arr } => {
  const d = shape.at(-1)!;
  return { x: arr(shape, `x ${name}`, 3), w: arr([d], `w ${name}`, 0.5, 1), b: arr([d], `b ${name}`) };
};

// Widths 1, odd, prime, one either side of a subgroup and a workgroup, and the model's; partly filled workgroups.
for (const [rows, d] of [
  [5, 1],
  [3, 7],
  [9, 8],
  [1, 9],
  [33, 31],
  [10, 63],
  [2, 64],
  [7, 65],
  [67, 96],
  [3, 1024],
] as const) {
  testCase(layerNormCase, {
    name: `layer norm of [${rows}, ${d}]`,
    inputs: inputsOf([rows, d], `${rows} ${d}`),
    attrs: () => ({}),
    reference: ({ x, w, b }) => reference(x, w, b),
  });
}

testCase(layerNormCase, {
  name: 'layer norm over rows of mean 1000',
  inputs: { x: arr([11, 200], 'far', 1, 1000), w: arr([200], 'w', 0.5, 1), b: arr([200], 'b') },
  attrs: () => ({}),
  reference: ({ x, w, b }) => reference(x, w, b),
});

testCase(layerNormCase, {
  name: 'layer norm with an eps of 0.5',
  inputs: inputsOf([4, 12], 'eps'),
  attrs: () => ({ eps: 0.5 }),
  reference: ({ x, w, b }) => reference(x, w, b, 0.5),
});

testCase(layerNormCase, {
  name: 'layer norm of a single row without a leading axis',
  inputs: inputsOf([13], 'vector'),
  attrs: () => ({}),
  reference: ({ x, w, b }) => reference(x, w, b),
});

// Gradients of the tokens left out are zero; several chunks of rows for the weight in the last case.
for (const [shape, skip, take] of [
  [[2, 5, 12], 1, undefined],
  [[3, 4, 9], 0, 1],
  [[2, 3, 6, 17], 2, 3],
  [[2, 130, 5], 1, 100],
] as const) {
  testCase(layerNormCase, {
    name: `layer norm of ${take ?? 'all'} tokens after ${skip} of [${shape.join(', ')}]`,
    inputs: inputsOf(shape, `${shape}`),
    attrs: () => ({ skip, take }),
    reference: ({ x, w, b }) => reference(x, w, b, 1e-5, skip, take),
  });
}

describe('layer norm', () => {
  for (const variant of variantsOf('layer_norm', 'layer_norm_backward')) {
    it(`gives the bias where all values of a row are equal (${variant})`, async () => {
      const gpu = await device(variant);
      const bias = Float32Array.from(arr([97], 'bias').data);
      const y = tidy(() => {
        const x = upload(gpu, new Float32Array(97).fill(1234.567), [1, 97]);
        return layerNorm(x, upload(gpu, new Float32Array(97).fill(1), [97]), upload(gpu, bias, [97]));
      });
      const got = await read(y);
      y.release();
      got.forEach((v, i) => {
        expect(v).toBeCloseTo(bias[i]!, 6);
      });
    });

    it(`dispatches one kernel backward where weight and bias are frozen (${variant})`, async () => {
      const gpu = await device(variant);
      const before = liveTensors(gpu);
      const [x0, w0, b0] = Object.values(inputsOf([200, 33], 'frozen')).map((a) =>
        upload(gpu, Float32Array.from(a.data), a.shape),
      );
      using x = x0!;
      using w = w0!;
      using b = b0!;
      for (const [wanted, kernels] of [
        [x, 1],
        [w, 2], // chunks of rows, then their sum
        [b, 2],
      ] as const) {
        using tape = new Tape(add);
        tape.watch([wanted]);
        using y = tape.record(() => layerNorm(x, w, b));
        using dy = upload(gpu, new Float32Array(200 * 33), [200, 33]);
        const dispatched = gpu.dispatches;
        for (const g of tape.backward(y, [wanted], dy)) g!.release();
        expect(gpu.dispatches - dispatched).toBe(kernels);
      }
      expect(liveTensors(gpu) - 3).toBe(before);
    });
  }

  it('gives every weight of a row wider than one side of a grid its gradient', async () => {
    const gpu = await device();
    const d = 64 * 65_535 + 130;
    // Mean 0, variance 1.
    const signs = Float32Array.from({ length: d }, (_, i) => (i % 2 === 0 ? 1 : -1));
    using x = upload(gpu, signs, [1, d]);
    using w = upload(gpu, signs, [d]);
    using b = upload(gpu, signs, [d]);
    using dy = upload(gpu, new Float32Array(d).fill(3), [1, d]);
    using tape = new Tape(add);
    tape.watch([w]);
    using y = tape.record(() => layerNorm(x, w, b));
    const [dw] = tape.backward(y, [w], dy);
    using gradient = dw!;
    const got = await read(gradient);
    expect(got.findIndex((g, i) => !(Math.abs(g - 3 * signs[i]!) < 1e-4))).toBe(-1);
  });

  it('keeps nothing for the gradient of its bias alone', async () => {
    const gpu = await device();
    using x = upload(gpu, new Float32Array(12), [3, 4]);
    using w = upload(gpu, new Float32Array(4), [4]);
    using b = upload(gpu, new Float32Array(4), [4]);
    const before = liveTensors(gpu);
    using tape = new Tape(add);
    tape.watch([b]);
    using y = tape.record(() => layerNorm(x, w, b));
    expect(y.shape).toEqual([3, 4]);
    expect(liveTensors(gpu)).toBe(before + 1);
  });

  it('names the shapes that do not fit', async () => {
    const gpu = await device();
    using x = upload(gpu, new Float32Array(24), [2, 3, 4]);
    using four = upload(gpu, new Float32Array(4), [4]);
    using five = upload(gpu, new Float32Array(5), [5]);
    expect(() => layerNorm(x, five, four)).toThrow('layer_norm: expected weight [4] for x [2, 3, 4], got [5]');
    expect(() => layerNorm(x, four, five)).toThrow('layer_norm: expected bias [4] for x [2, 3, 4], got [5]');
    for (const [options, got] of [
      [{ skip: 3 }, '0 after 3'],
      [{ take: 4 }, '4 after 0'],
      [{ skip: -1 }, '4 after -1'],
      [{ skip: 1, take: 0.5 }, '0.5 after 1'],
    ] as const) {
      expect(() => layerNorm(x, four, four, options)).toThrow(
        `layer_norm: expected to take 1 to 3 tokens of [2, 3, 4], got ${got}`,
      );
    }
  });
});
