import { describe, expect, it } from 'vitest';
import { sliceCase } from '../../src/cases/slice_case.js';
import { reshape } from '../../src/ops/reshape.js';
import { slice } from '../../src/ops/slice.js';
import { upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { testCase, testOp } from '../op_harness.js';
import { arr } from '../reference/arr.js';
import { slice as reference, reshape as referenceReshape } from '../reference/shape.js';

for (const [shape, axis, start, count] of [
  [[1], 0, 0, 1],
  [[7, 3], 0, 2, 4],
  [[2, 5, 13], 1, 4, 1],
  [[3, 67], 1, 1, 65],
] as const) {
  testCase(sliceCase, {
    name: `places ${start} to ${start + count} of [${shape}] along axis ${axis}`,
    inputs: { x: arr(shape, 'x') },
    attrs: () => ({ axis, start, count }),
    reference: ({ x }) => reference(x, axis, start, count),
  });
}

testOp({
  name: 'slices of a reshaped tensor',
  inputs: [arr([4, 3, 5], 'x')],
  run: ([x]) => reshape(slice(reshape(x!, [6, 10]), 0, 1, 3), [5, 6]),
  reference: ([x]) => referenceReshape(reference(referenceReshape(x!, [6, 10]), 0, 1, 3), [5, 6]),
});

describe('slice and reshape', () => {
  it('name the run and the shape when it leaves the axis', async () => {
    const gpu = await device();
    using x = upload(gpu, new Float32Array(14), [2, 7]);
    for (const [start, count] of [
      [5, 3],
      [-1, 2],
      [0, 0],
      [1, 1.5],
    ] as const) {
      expect(() => slice(x, 1, start, count)).toThrow(
        `slice: ${start} to ${start + count} along axis 1 of [2, 7]: expected a run within 0 to 7`,
      );
    }
  });

  it('refuse a shape of another size', async () => {
    const gpu = await device();
    using x = upload(gpu, new Float32Array(14), [2, 7]);
    expect(() => reshape(x, [3, 5])).toThrow('reshape: expected a shape of 14 elements, got [3, 5] for [2, 7]');
  });
});
