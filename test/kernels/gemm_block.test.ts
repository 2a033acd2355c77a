/** The block kernel of products against float64: ragged sizes, both layouts of both factors, tiles, fused norms. */
import { describe, expect, it } from 'vitest';
import type { Gpu } from '../../src/gpu/gpu.js';
import { FrozenMatrix } from '../../src/kernels/frozen_matrix.js';
import { blockGemm, dispatchBlocks } from '../../src/kernels/gemm_block.js';
import type { Gemm, GemmJob, Moments } from '../../src/kernels/gemm_job.js';
import type { PackedMatrix } from '../../src/kernels/packing.js';
import { BLOCK_TILES, blockTile } from '../../src/kernels/tuning.js';
import { empty, liveTensors, read, type Tensor, tidy, upload } from '../../src/tensor/tensor.js';
import { deviceTaking } from '../devices.js';
import { normalisedError } from '../op_harness.js';
import { poison } from '../poison.js';
import { type Arr, arr } from '../reference/arr.js';
import { layerNorm } from '../reference/layer_norm.js';
import { linear } from '../reference/linear.js';
import { matmul } from '../reference/matmul.js';

const put = (gpu: Gpu, x: Arr): Tensor => upload(gpu, Float32Array.from(x.data), x.shape);

/** Values that are exact in f16. */
const halves = (x: Arr): Arr => ({ shape: x.shape, data: x.data.map((v) => Math.round(v * 64) / 64) });

/** c of a job, computed by the block kernel into a buffer of NaN. */
async function product(gpu: Gpu, make: () => Gemm, run = blockGemm.dispatch): Promise<Float32Array> {
  const before = liveTensors(gpu);
  poison(gpu, true);
  using c = tidy(() => {
    const g = make();
    const job: GemmJob = { ...g, c: empty(gpu, [(g.batch ?? 1) * g.m, g.n]) };
    expect(blockGemm.runsOn(gpu.traits, job)).toBe(true);
    run(gpu, job);
    return job.c;
  });
  poison(gpu, false);
  const values = await read(c);
  expect(liveTensors(gpu)).toBe(before + 1);
  return values;
}

/** Moments of the rows of x [rows, columns] by parts of `width` columns, and one of float64. */
function momentsOf(x: Arr, width: number): Float64Array {
  const columns = x.shape.at(-1)!;
  const out: number[] = [];
  for (let row = 0; row < x.data.length / columns; row++) {
    for (let from = 0; from < columns; from += width) {
      const part = x.data.subarray(row * columns + from, row * columns + Math.min(columns, from + width));
      const mean = part.reduce((s, v) => s + v, 0) / part.length;
      out.push(
        mean,
        part.reduce((s, v) => s + (v - mean) ** 2, 0),
      );
    }
  }
  return Float64Array.from(out);
}

describe('the block kernel', () => {
  it.each([
    [1, 8, 4],
    [5, 72, 20],
    [130, 72, 588],
    [33, 8, 588],
  ])('multiplies %i x %i sums of %i products: x Wᵀ and dy W of frozen weights, in f16 and f32', async (m, n, k) => {
    const gpu = await deviceTaking('matmul', 'block');
    for (const half of [true, false]) {
      const [raw, dy, x] = [arr([n, k], 'w', 0.3), arr([m, n], 'dy'), arr([m, k], 'x')];
      const w = half ? halves(raw) : raw;
      using frozen = FrozenMatrix.pack(gpu, Float32Array.from(w.data), n, k, half);
      expect(frozen.half).toBe(half);
      const forward = await product(gpu, () => ({ m, n, k, a: put(gpu, x), b: frozen.forward() }));
      expect(normalisedError(forward, linear(x, w).data)).toBeLessThan(1e-5);
      const b: PackedMatrix = frozen.backward();
      const back = await product(gpu, () => ({ m, n: k, k: n, a: put(gpu, dy), b }));
      expect(normalisedError(back, matmul(dy, w, false, false).data)).toBeLessThan(1e-5);
    }
  });

  it.each([
    [false, false],
    [false, true],
    [true, false],
    [true, true],
  ])('multiplies batches with transA %s and transB %s', async (transA, transB) => {
    const gpu = await deviceTaking('matmul', 'block');
    // Rows along k need k in fours, rows along m need m in fours.
    const [batch, m, n, k] = [3, transA ? 36 : 37, 12, transA && !transB ? 23 : 20];
    const a = arr(transA ? [batch, k, m] : [batch, m, k], 'a');
    const b = arr(transB ? [batch, n, k] : [batch, k, n], 'b');
    const got = await product(gpu, () => ({ m, n, k, batch, a: put(gpu, a), transA, b: put(gpu, b), transB }));
    expect(normalisedError(got, matmul(a, b, transA, transB).data)).toBeLessThan(1e-5);
  });

  it.each(BLOCK_TILES.map(({ tile }) => tile))('multiplies in tiles of $rows x $columns', async (tile) => {
    const gpu = await deviceTaking('matmul', 'block');
    const [m, n, k] = [tile.rows + 3, tile.columns + 4, 36];
    const [x, w, b, r] = [arr([m, k], 'x'), arr([n, k], 'w', 0.3), arr([n], 'b'), arr([m, n], 'r')];
    const got = await product(
      gpu,
      () => ({
        ...{ m, n, k, a: put(gpu, x), b: put(gpu, w), transB: true },
        ...{ bias: put(gpu, b), residual: put(gpu, r), activation: 'gelu' as const },
      }),
      (device, job) => dispatchBlocks(device, job, tile),
    );
    expect(normalisedError(got, linear(x, w, b, r, 'gelu').data)).toBeLessThan(1e-5);
  });

  it('gives the moments of its rows, and normalises rows by moments, over several parts with a narrow last one', async () => {
    const gpu = await deviceTaking('matmul', 'block');
    const [m, k, hidden, n] = [37, 20, 76, 24];
    // Rows far from zero: the squares are taken from the mean.
    const x = arr([m, k], 'x');
    const [w1, b1, r1] = [arr([hidden, k], 'w1', 0.3), arr([hidden], 'b1', 1, 100), arr([m, hidden], 'r1')];
    const [weight, bias, w2] = [arr([hidden], 'weight', 0.5, 1), arr([hidden], 'bias'), arr([n, hidden], 'w2', 0.2)];
    const h = linear(x, w1, b1, r1);
    const before = liveTensors(gpu);
    poison(gpu, true);
    const [got, y] = tidy(() => {
      const g: Gemm = { m, n: hidden, k, a: put(gpu, x), b: put(gpu, w1), transB: true, bias: put(gpu, b1) };
      const width = blockGemm.columns(gpu, g);
      expect(width).toBeLessThan(hidden);
      const moments: Moments = { data: empty(gpu, [m, Math.ceil(hidden / width), 2]), width };
      const c = empty(gpu, [m, hidden]);
      blockGemm.dispatch(gpu, { ...g, residual: put(gpu, r1), c, moments });
      const norm = { moments, weight: put(gpu, weight), bias: put(gpu, bias), eps: 1e-5 };
      const out = empty(gpu, [m, n]);
      blockGemm.dispatch(gpu, { m, n, k: hidden, a: c, b: put(gpu, w2), transB: true, norm, c: out });
      return [moments.data, out] as const;
    });
    poison(gpu, false);
    const want = momentsOf(h, blockTile(gpu.traits.workgroupMemory, m * hidden).columns);
    const values = await read(got);
    for (const [part, bound] of [
      [0, 1e-6],
      [1, 1e-5],
    ] as const) {
      const of = (list: ArrayLike<number>) => Array.from(list).filter((_, i) => i % 2 === part);
      expect(normalisedError(of(values), of(want))).toBeLessThan(bound);
    }
    expect(normalisedError(await read(y), linear(layerNorm(h, weight, bias), w2).data)).toBeLessThan(1e-5);
    got.release();
    y.release();
    expect(liveTensors(gpu)).toBe(before);
  });

  it('gives the moments of its largest tile, whose threads hold columns in two places', async () => {
    const gpu = await deviceTaking('matmul', 'block');
    const { tile } = BLOCK_TILES[0]!;
    const [m, n, k] = [tile.rows + 1, tile.columns + 72, 4];
    const [x, w] = [arr([m, k], 'x'), arr([n, k], 'w')];
    using moments = empty(gpu, [m, 2, 2]);
    await product(
      gpu,
      () => ({ m, n, k, a: put(gpu, x), b: put(gpu, w), transB: true }),
      (device, job) => dispatchBlocks(device, { ...job, moments: { data: moments, width: tile.columns } }, tile),
    );
    expect(normalisedError(await read(moments), momentsOf(linear(x, w), tile.columns))).toBeLessThan(1e-5);
  });

  it('leaves to others what it cannot load four at a time, and norms that it cannot fuse', async () => {
    const gpu = await deviceTaking('matmul', 'block');
    using t = empty(gpu, [4]);
    const fits = (g: Partial<GemmJob>): boolean =>
      blockGemm.runsOn(gpu.traits, { m: 8, n: 8, k: 8, a: t, b: t, c: t, ...g });
    const moments = { data: t, width: 32 };
    const norm = { moments, weight: t, bias: t, eps: 1e-5 };
    expect(fits({})).toBe(true);
    expect(fits({ m: 5 })).toBe(true);
    expect(fits({ m: 5, transA: true })).toBe(false);
    expect(fits({ k: 7, transA: true })).toBe(true);
    expect(fits({ k: 7, transA: true, transB: true })).toBe(false);
    expect(fits({ k: 6 })).toBe(false);
    expect(fits({ n: 6 })).toBe(false);
    expect(fits({ norm })).toBe(true);
    expect(fits({ moments })).toBe(true);
    expect(fits({ norm, moments })).toBe(false);
    expect(fits({ norm, transA: true })).toBe(false);
    expect(() =>
      blockGemm.dispatch(gpu, { m: 8, n: 8, k: 8, a: t, b: t, c: t, moments: { ...moments, width: 5 } }),
    ).toThrow('moments of parts of 5 columns: expected 32');
  });
});
