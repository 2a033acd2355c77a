import { describe, expect, it } from 'vitest';
import { Tape } from '../../src/autograd/tape.js';
import { nearestNeighbourCase } from '../../src/cases/nearest_neighbour_case.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { MemoryBank } from '../../src/kernels/memory_bank.js';
import { add } from '../../src/ops/add.js';
import { nearestNeighbour } from '../../src/ops/nearest_neighbour.js';
import { liveTensors, read, readWords, type Tensor, tidy, upload } from '../../src/tensor/tensor.js';
import { device, isCoarse, variantsOf } from '../devices.js';
import { normalisedError, testCase } from '../op_harness.js';
import { poison } from '../poison.js';
import { type Arr, arr } from '../reference/arr.js';
import { nearestNeighbour as reference } from '../reference/nearest_neighbour.js';

const put = (gpu: Gpu, { data, shape }: Arr): Tensor => upload(gpu, Float32Array.from(data), shape);

/** Unit rows, about: exact in float32. */
const unit = (shape: readonly number[], name: string): Arr => arr(shape, name, shape.at(-1)! ** -0.5);

/** Rows of an array cut at the given places, as tensors of their own. */
const cut = (gpu: Gpu, { data, shape: [rows, width] }: Arr, ...at: readonly number[]): Tensor[] =>
  [0, ...at].map((from, i) => {
    const part = data.subarray(from * width!, (at[i] ?? rows!) * width!);
    return upload(gpu, Float32Array.from(part), [part.length / width!, width!]);
  });

// A width of eights and others; one row, an odd and a prime number of them, one either side of panels and tiles.
for (const [x, m] of [
  [[1, 8], 1],
  [[3, 1], 5],
  [[2, 5, 16], 13],
  [[67, 40], 129],
  [[130, 24], 257],
  [[9, 30], 64],
  [[9, 13], 33],
  [[300, 8], 8],
] as const) {
  const memory = unit([m, x.at(-1)!], `memory of ${m}`);
  testCase(nearestNeighbourCase, {
    name: `nearest of ${m} rows to [${x}]`,
    inputs: { x: unit(x, 'x') },
    attrs: (gpu) => tidy(() => MemoryBank.of([put(gpu, memory)])),
    reference: (inputs) => reference(inputs.x, memory).cosine,
    forwardOnly: true,
  });
}

// Every cosine is below zero, and the columns that pad the memory hold zeros or rows again.
{
  const memory = unit([21, 16], 'opposite');
  memory.data.forEach((v, i) => {
    memory.data[i] = -Math.abs(v);
  });
  const x = unit([19, 16], 'positive');
  testCase(nearestNeighbourCase, {
    name: 'nearest of rows that all point away',
    inputs: { x: { shape: x.shape, data: x.data.map(Math.abs) } },
    attrs: (gpu) => tidy(() => MemoryBank.of([put(gpu, memory)])),
    reference: (inputs) => reference(inputs.x, memory).cosine,
    forwardOnly: true,
  });
}

describe('nearestNeighbour', () => {
  for (const variant of variantsOf('matmul')) {
    it(`names the first of equal rows, and keeps NaN in its row (${variant})`, async () => {
      const gpu = await device(variant);
      const before = liveTensors(gpu);
      // Rows of whole numbers: products are exact, and every row is there thirty times, within tiles and across them.
      const base = arr([7, 16], 'ties', 3);
      const data = Float64Array.from({ length: 210 * 16 }, (_, i) => Math.round(base.data[i % (7 * 16)]!));
      const memory: Arr = { shape: [210, 16], data };
      const x = arr([41, 16], 'queries', 3);
      x.data.forEach((v, i) => {
        x.data[i] = Math.round(v);
      });
      const want = reference(x, memory);
      x.data[5 * 16 + 3] = Number.NaN;
      poison(gpu, true);
      const found = tidy(() => {
        using bank = MemoryBank.of(cut(gpu, memory, 1, 90, 91));
        return nearestNeighbour(put(gpu, x), bank);
      });
      const [cosine, index] = [await read(found.cosine), await readWords(found.index)];
      poison(gpu, false);
      for (const t of Object.values(found)) t.release();
      expect([...cosine].map((v, r) => (r === 5 ? 0 : v))).toEqual(
        [...want.cosine.data].map((v, r) => (r === 5 ? 0 : v)),
      );
      if (!isCoarse(variant)) expect(cosine[5]).toBeNaN();
      expect([...index].filter((_, r) => r !== 5)).toEqual(want.index.filter((_, r) => r !== 5));
      expect(liveTensors(gpu)).toBe(before);
    });

    it(`rounds a memory to f16 where that is asked for (${variant})`, async () => {
      const gpu = await device(variant);
      const [x, memory] = [unit([37, 64], 'x'), unit([100, 64], 'memory')];
      const [exact, rounded] = [false, true].map((half) => tidy(() => MemoryBank.of([put(gpu, memory)], { half })));
      expect(rounded!.bytes).toBeLessThan(0.55 * exact!.bytes);
      using y = tidy(() => nearestNeighbour(put(gpu, x), rounded!).cosine);
      const error = normalisedError(await read(y), reference(x, memory).cosine.data);
      expect(error).toBeLessThan(isCoarse(variant) ? 2e-3 : 3e-4);
      if (!isCoarse(variant)) expect(error).toBeGreaterThan(1e-6);
      for (const bank of [exact, rounded]) bank?.[Symbol.dispose]();
    });
  }

  it('goes through a large memory in chunks, and through many rows in runs', async () => {
    const gpu = await device();
    const [x, memory] = [unit([1090, 3], 'x'), unit([65_480, 3], 'memory')];
    memory.data.forEach((v, i) => {
      if (i >= 3 * 65_280) memory.data[i] = Math.fround(1.2 * v);
    });
    const found = tidy(() => {
      using bank = MemoryBank.of(cut(gpu, memory, 65_273, 65_330));
      expect(bank.chunks.map(({ first }) => first)).toEqual([0, 65_280]);
      return nearestNeighbour(put(gpu, x), bank);
    });
    const want = reference(x, memory);
    expect(normalisedError(await read(found.cosine), want.cosine.data)).toBeLessThan(1e-6);
    const index = [...(await readWords(found.index))];
    // Where two rows are nearly as near, float32 may name the other.
    expect(index.filter((at, r) => at !== want.index[r]).length).toBeLessThan(20);
    expect(index.some((at) => at >= 65_280)).toBe(true);
    for (const t of Object.values(found)) t.release();
  });

  it('cuts chunks to what a binding may hold', async () => {
    using gpu = (await device()).counting({ limits: { maxStorageBufferBindingSize: 2 ** 16 } });
    using bank = tidy(() => MemoryBank.of([upload(gpu, new Float32Array(4000 * 8), [4000, 8])]));
    expect(bank.chunks.map(({ first }) => first)).toEqual([0, 1920, 3840]);
    expect(bank.bytes).toBeLessThan(1.1 * 4 * 4000 * 8);
  });

  it('names widths that do not fit and a memory without rows, and refuses to be recorded', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    tidy(() => {
      using bank = MemoryBank.of([put(gpu, unit([5, 8], 'm'))]);
      const x = put(gpu, unit([2, 3, 7], 'x'));
      expect(() => nearestNeighbour(x, bank)).toThrow('expected rows of width 8, as in the memory, got [2, 3, 7]');
      expect(() => MemoryBank.of([])).toThrow('memory bank: expected at least one row');
      expect(() => MemoryBank.of([upload(gpu, new Float32Array(0), [0, 4])])).toThrow('at least one row');
      expect(() => MemoryBank.of([x, put(gpu, unit([3, 8], 'y'))])).toThrow('expected rows of width 7, got [3, 8]');
      using tape = new Tape(add);
      const fitting = put(gpu, unit([2, 8], 'z'));
      expect(() => tape.record(() => nearestNeighbour(fitting, bank))).toThrow('has no gradient');
    });
    expect(liveTensors(gpu)).toBe(before);
  });
});
