import { describe, expect, it } from 'vitest';
import { Tape } from '../../src/autograd/tape.js';
import { add } from '../../src/ops/add.js';
import { coreset } from '../../src/ops/coreset.js';
import { liveTensors, readWords, tidy, upload } from '../../src/tensor/tensor.js';
import { device, variantsOf } from '../devices.js';
import { poison } from '../poison.js';
import { type Arr, arr } from '../reference/arr.js';

/** Random unit rows. */
function unitRows(count: number, width: number, name: string): Arr {
  const rows = arr([count, width], name);
  for (let r = 0; r < count; r++) {
    const row = rows.data.subarray(r * width, (r + 1) * width);
    const norm = Math.hypot(...row);
    row.forEach((v, i) => {
      row[i] = v / norm;
    });
  }
  return rows;
}

/**
 * For a choice of rows, how much each was short of the farthest row at its turn, in float64: 0 for a greedy choice, but for
 * rounding in float32.
 */
function shortfalls({ data, shape: [count, width] }: Arr, chosen: readonly number[]): number[] {
  const near = new Float64Array(count!).fill(Number.NEGATIVE_INFINITY);
  return chosen.map((at, step) => {
    const short = step === 0 ? 0 : near[at]! - Math.min(...near);
    for (let r = 0; r < count!; r++) {
      let cosine = 0;
      for (let c = 0; c < width!; c++) cosine += data[r * width! + c]! * data[at * width! + c]!;
      near[r] = Math.max(near[r]!, cosine);
    }
    return short;
  });
}

async function choose(variant: Parameters<typeof device>[0], rows: Arr, n: number, first: number): Promise<number[]> {
  const gpu = await device(variant);
  const before = liveTensors(gpu);
  poison(gpu, true);
  try {
    using chosen = tidy(() => coreset(upload(gpu, Float32Array.from(rows.data), rows.shape), n, first));
    return [...(await readWords(chosen))];
  } finally {
    poison(gpu, false);
    expect(liveTensors(gpu)).toBe(before);
  }
}

describe('coreset', () => {
  for (const variant of variantsOf('coreset')) {
    it(`chooses the farthest row each time, from the given one on (${variant})`, async () => {
      for (const [count, width, n, first] of [
        [300, 24, 40, 7],
        [131, 13, 131, 130],
        [65, 8, 2, 0],
      ] as const) {
        const rows = unitRows(count, width, `rows ${count}`);
        const chosen = await choose(variant, rows, n, first);
        expect(chosen[0]).toBe(first);
        expect(new Set(chosen).size).toBe(n);
        expect(Math.max(...shortfalls(rows, chosen))).toBeLessThan(1e-6);
        const other = await choose(variant, rows, n, (first + 1) % count);
        expect(other).not.toEqual(chosen);
      }
    });

    it(`chooses no row twice, also of equal rows, and the first of equally far ones (${variant})`, async () => {
      const data = Float64Array.from({ length: 20 * 4 }, (_, i) => (i % 4 === Math.floor(i / 4) % 2 ? 1 : 0));
      const chosen = await choose(variant, { shape: [5, 4, 4], data }, 20, 4);
      expect(chosen.slice(0, 2)).toEqual([4, 1]);
      expect([...chosen].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
      expect(await choose(variant, { shape: [1, 1], data: Float64Array.of(1) }, 1, 0)).toEqual([0]);
    });
  }

  it('names a number or a row that does not fit, and refuses to be recorded', async () => {
    const gpu = await device();
    using rows = upload(gpu, new Float32Array(12), [3, 4]);
    expect(() => coreset(rows, 4, 0)).toThrow('coreset: expected 1 to 3 rows to choose, as many as there are, got 4');
    expect(() => coreset(rows, 0, 0)).toThrow('got 0');
    expect(() => coreset(rows, 1, 3)).toThrow('coreset: expected a row from 0 to 2 to begin with, got 3');
    using tape = new Tape(add);
    expect(() => tape.record(() => coreset(rows, 1, 0))).toThrow('has no gradient');
  });
});
