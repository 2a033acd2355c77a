import { describe, expect, it } from 'vitest';
// Adds up the cotangents of a tensor used twice.
import '../../src/ops/add.js';
import { positionalCase } from '../../src/cases/positional_case.js';
import { resampleCase } from '../../src/cases/resample_case.js';
import { bilinearTable, cubicTable, gaussianTable } from '../../src/kernels/resample_table.js';
import { resizePositional } from '../../src/ops/positional.js';
import { resample, resize2d } from '../../src/ops/resample.js';
import { read, upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { testCase, testOp } from '../op_harness.js';
import { arr } from '../reference/arr.js';
import { alongAxis, alongBoth, bicubic, bilinear, blur, resizePositional as reference } from '../reference/resample.js';

for (const [from, to] of [
  [1, 3],
  [5, 13],
  [7, 1],
] as const) {
  const table = bilinearTable(from, to);
  testCase(resampleCase, {
    name: `bilinear from ${from} to ${to} along a middle axis`,
    inputs: { x: arr([2, from, 3], 'x') },
    attrs: () => ({ axis: 1, table }),
    reference: ({ x }) => alongAxis(x, 1, to, (v) => bilinear(v, to)),
  });
}

// Few samples of many: most inputs have no taps at all, and have zero gradient.
const sparse = bilinearTable(65, 4);
testCase(resampleCase, {
  name: 'bilinear from 65 to 4',
  inputs: { x: arr([3, 65], 'x', 1, 1000) },
  attrs: () => ({ axis: 1, table: sparse }),
  reference: ({ x }) => alongAxis(x, 1, 4, (v) => bilinear(v, 4)),
});

const grown = { rows: cubicTable(5, 7), columns: cubicTable(5, 7) };
testOp({
  name: 'bicubic of a picture',
  inputs: [arr([2, 5, 5], 'x')],
  run: ([x]) => resize2d(x!, grown.rows, grown.columns),
  reference: ([x]) => alongBoth(x!, 7, 7, bicubic),
});

const blurred = gaussianTable(6, 7, 1);
testCase(resampleCase, {
  name: 'blur along the first axis',
  inputs: { x: arr([6, 11], 'x') },
  attrs: () => ({ axis: 0, table: blurred }),
  reference: ({ x }) => alongAxis(x, 0, 6, (v) => blur(v, 7, 1)),
});

for (const [old, grid] of [
  [4, 7],
  [6, 2],
] as const) {
  testCase(positionalCase, {
    name: `positions of a grid of ${old} for one of ${grid}`,
    inputs: { x: arr([1 + old * old, 3], 'embedding') },
    attrs: () => ({ grid }),
    reference: ({ x }) => reference(x, grid),
  });
}

describe('resample', () => {
  it('uploads a table once', async () => {
    const gpu = await device();
    const table = bilinearTable(4, 9);
    using x = upload(gpu, Float32Array.of(0, 1, 2, 3), [4]);
    using first = resample(x, 0, table);
    const held = gpu.pool.allocated - gpu.pool.idle;
    using second = resample(x, 0, table);
    expect(gpu.pool.allocated - gpu.pool.idle - held).toBe(second.storage.capacity);
    expect(await read(first)).toEqual(await read(second));
  });

  it('names an axis of another length', async () => {
    const gpu = await device();
    using x = upload(gpu, new Float32Array(6), [2, 3]);
    expect(() => resample(x, 1, bilinearTable(4, 8))).toThrow('resample: expected 4 samples along axis 1, got [2, 3]');
  });

  it('keeps positions that already fit the grid, and names a number of rows that is not a grid', async () => {
    const gpu = await device();
    using x = upload(gpu, new Float32Array(20), [10, 2]);
    expect(resizePositional(x, 3)).toBe(x);
    using bad = upload(gpu, new Float32Array(14), [7, 2]);
    expect(() => resizePositional(bad, 3)).toThrow('resizePositional: expected [1 + g g, W], got [7, 2]');
  });
});
