import { describe, expect, it } from 'vitest';
// Adds up the cotangents of a tensor used twice.
import { concatCase } from '../../src/cases/concat_case.js';
import { concat, stack } from '../../src/ops/concat.js';
import { upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { testCase, testOp } from '../op_harness.js';
import { arr } from '../reference/arr.js';
import { concat as reference, stack as referenceStack } from '../reference/shape.js';

for (const axis of [0, 1, 2]) {
  const shapes = [1, 3, 2].map((n) => [3, 5, 11].with(axis, n));
  testCase(concatCase, {
    name: `concat along axis ${axis}`,
    inputs: Object.fromEntries(shapes.map((s, i) => [`x${i}`, arr(s, `x${i}`)])),
    attrs: () => ({ axis }),
    reference: (inputs) => reference(Object.values(inputs), axis),
  });
}

for (const axis of [0, 1]) {
  testOp({
    name: `stack at axis ${axis}`,
    inputs: [arr([67], 'a'), arr([67], 'b')],
    run: (list) => stack(list, axis),
    reference: (list) => referenceStack(list, axis),
  });
}

testOp({
  name: 'stack of one tensor twice',
  inputs: [arr([2, 3], 'a')],
  run: ([a]) => stack([a!, a!]),
  reference: ([a]) => referenceStack([a!, a!], 0),
});

describe('concat', () => {
  it('names the shapes that do not fit', async () => {
    const gpu = await device();
    using a = upload(gpu, new Float32Array(6), [2, 3]);
    using b = upload(gpu, new Float32Array(8), [2, 4]);
    expect(() => concat([a, b], 0)).toThrow(
      'concat: shapes differ outside axis 0: expected f32 [2, 3], got f32 [2, 4]',
    );
    expect(() => stack([a, b])).toThrow('got f32 [1, 2, 4]');
    expect(() => concat([], 0)).toThrow('expected at least one tensor');
  });
});
