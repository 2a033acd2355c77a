import { describe, expect, it } from 'vitest';
import {
  bilinearPixelTable,
  bilinearTable,
  composeTables,
  cubicTable,
  gaussianTable,
  type ResampleTable,
  transposeTable,
} from '../../src/kernels/resample_table.js';
import { arr } from '../reference/arr.js';
import { bicubic, bilinear, blur } from '../reference/resample.js';

/** The whole matrix, [out][in]. */
function dense({ inSize, outSize, start, count, weights, maxTaps }: ResampleTable): number[][] {
  return Array.from({ length: outSize }, (_, l) => {
    const row = new Array<number>(inSize).fill(0);
    for (let t = 0; t < count[l]!; t++) row[start[l]! + t] = weights[l * maxTaps + t]!;
    return row;
  });
}

const line = (n: number) => arr([n], `line ${n}`).data;
const apply = (table: ResampleTable, x: Float64Array): number[] =>
  dense(table).map((row) => row.reduce((s, w, i) => s + w * x[i]!, 0));

function expectClose(got: readonly number[], want: ArrayLike<number>): void {
  expect(got.length).toBe(want.length);
  got.forEach((v, i) => {
    expect(v).toBeCloseTo(want[i]!, 12);
  });
}

const SIZES = [
  [1, 1],
  [1, 5],
  [2, 3],
  [5, 1],
  [7, 7],
  [24, 37],
  [37, 24],
  [65, 7],
] as const;

describe('resampling tables', () => {
  it('interpolate linearly, ends falling on ends', () => {
    for (const [from, to] of SIZES) expectClose(apply(bilinearTable(from, to), line(from)), bilinear(line(from), to));
  });

  it('interpolate bicubically with antialiasing', () => {
    for (const [from, to] of SIZES) expectClose(apply(cubicTable(from, to), line(from)), bicubic(line(from), to));
  });

  it('blur with a reflected border, even where the kernel is longer than the line', () => {
    for (const size of [1, 2, 3, 4, 5, 9, 37]) {
      expectClose(apply(gaussianTable(size, 9, 1.5), line(size)), blur(line(size), 9, 1.5));
    }
  });

  it('interpolate linearly between centres of pixels, without antialiasing', () => {
    expectClose(apply(bilinearPixelTable(2, 4), Float64Array.of(0, 8)), [0, 2, 6, 8]);
    // Two of every four inputs count when it shrinks by half: an antialiased table would use all of them.
    expectClose(
      apply(
        bilinearPixelTable(8, 2),
        Float64Array.from({ length: 8 }, (_, i) => i),
      ),
      [1.5, 5.5],
    );
    expectClose(apply(bilinearPixelTable(3, 3), Float64Array.of(3, 1, 2)), [3, 1, 2]);
  });

  it('blur with a border that repeats its edge, even where the kernel is longer than the line', () => {
    // Line a b c, taps 7: position 0 sees c b a | a b c | c.
    const [w3, w2, w1, w0] = [0, 1, 2, 3].map((t) => Math.exp(-((t - 3) ** 2) / 8)) as [number, number, number, number];
    const sum = w0 + 2 * (w1 + w2 + w3);
    const [first] = apply(gaussianTable(3, 7, 2, 'twice'), Float64Array.of(1, 10, 100));
    const reflected = w3 * 100 + w2 * 10 + w1 * 1 + w0 * 1 + w1 * 10 + w2 * 100 + w3 * 100;
    expect(first).toBeCloseTo(reflected / sum, 12);
    for (const size of [1, 2, 5]) {
      expectClose(apply(gaussianTable(size, 9, 1.5, 'twice'), new Float64Array(size).fill(3)), new Array(size).fill(3));
    }
  });

  it('keep a constant line constant', () => {
    for (const table of [bilinearTable(5, 13), cubicTable(24, 37), cubicTable(37, 24), gaussianTable(7, 7, 1)]) {
      expectClose(apply(table, new Float64Array(table.inSize).fill(3)), new Array(table.outSize).fill(3));
    }
  });

  it('have no taps with weight zero at either end of a row', () => {
    const { count, maxTaps } = bilinearTable(3, 5);
    expect([...count]).toEqual([1, 2, 1, 2, 1]);
    expect(maxTaps).toBe(2);
  });

  it('compose to one table that does both', () => {
    const [first, second] = [gaussianTable(11, 7, 1), bilinearTable(11, 29)];
    expectClose(
      apply(composeTables(first, second), line(11)),
      apply(second, Float64Array.from(apply(first, line(11)))),
    );
    expect(() => composeTables(second, first)).toThrow('expected a second table of 29 inputs, got 11');
  });

  it('transpose, even where an input is never read', () => {
    for (const table of [cubicTable(24, 37), bilinearTable(65, 4)]) {
      const [matrix, turned] = [dense(table), dense(transposeTable(table))];
      expect(turned).toEqual(matrix[0]!.map((_, i) => matrix.map((row) => row[i])));
    }
  });

  it('refuse sizes that are not whole numbers of at least 1', () => {
    expect(() => bilinearTable(0, 3)).toThrow('bilinearTable: bad size: expected a whole number of at least 1, got 0');
    expect(() => cubicTable(3, 1.5)).toThrow('got 1.5');
    expect(() => gaussianTable(5, 4, 1)).toThrow('expected an odd number of taps, got 4');
  });
});
