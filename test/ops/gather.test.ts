import { describe, expect, it } from 'vitest';
import { gatherCase } from '../../src/cases/gather_case.js';
import { gather, invertIndex } from '../../src/ops/gather.js';
import { upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { testCase } from '../op_harness.js';
import { arr } from '../reference/arr.js';
import { gather as reference } from '../reference/gather.js';

// Rows taken twice, never, out of order; first and last row.
for (const [rows, width, indices] of [
  [1, 1, [0]],
  [5, 13, [4, 1, 1, 0, 4, 4]],
  [67, 3, [66, 0, 31, 66]],
] as const) {
  testCase(gatherCase, {
    name: `rows ${indices} of [${rows}, ${width}]`,
    inputs: { table: arr([rows, width], 'table') },
    attrs: () => ({ indices: Uint32Array.from(indices) }),
    reference: ({ table }) => reference(table, indices),
  });
}

describe('gather', () => {
  it('names an index outside the table', async () => {
    const gpu = await device();
    using table = upload(gpu, new Float32Array(6), [3, 2]);
    expect(() => gather(table, Uint32Array.of(2, 3))).toThrow(
      "gather: index 3 at place 1: expected less than the table's 3 rows",
    );
    expect(() => gather(table, new Uint32Array(0))).toThrow('expected at least one index');
  });

  it('lists the takers of each row in order', () => {
    const { start, places } = invertIndex(Uint32Array.of(2, 0, 2, 3), 4);
    expect([...start]).toEqual([0, 1, 1, 3, 4]);
    expect([...places]).toEqual([1, 0, 2, 3]);
  });
});
