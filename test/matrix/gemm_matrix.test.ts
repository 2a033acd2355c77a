/** Products on matrix units against float64; where the adapter has none, another run of the tests covers them. */
import { afterAll, describe, expect, it } from 'vitest';
import type { Gpu } from '../../src/gpu/gpu.js';
import type { Gemm, GemmRow, Moments, NormOfRows } from '../../src/kernels/gemm_job.js';
import { LONGEST_SUM, matrixF16Gemm, matrixGemm } from '../../src/kernels/gemm_matrix.js';
import { matrixUnit } from '../../src/kernels/matrix_units.js';
import { ROWS } from '../../src/kernels/packing.js';
import { openGpu } from '../../src/node/device.js';
import { empty, liveTensors, read, type Tensor, tidy, upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { normalisedError } from '../op_harness.js';
import { poison } from '../poison.js';
import { type Arr, arr } from '../reference/arr.js';
import { layerNorm } from '../reference/layer_norm.js';
import { linear as reference } from '../reference/linear.js';

const SPLIT = 3e-6;
const put = (gpu: Gpu, { data, shape }: Arr): Tensor => upload(gpu, Float32Array.from(data), shape);
const exact = (x: Arr): Arr => ({ shape: x.shape, data: x.data.map((v) => Math.round(v * 64) / 64) });
const pack = (gpu: Gpu, w: Arr, half = true) =>
  ROWS.pack(gpu, Float32Array.from(w.data), w.shape[0]!, w.shape[1]!, half);

/** The product by one kernel, in recycled buffers full of NaN; its moments too where `width` is given. */
async function run(
  gpu: Gpu,
  row: GemmRow,
  job: (gpu: Gpu) => Gemm,
  withMoments = false,
): Promise<{ c: Float32Array; moments: Float32Array; width: number }> {
  const before = liveTensors(gpu);
  poison(gpu, true);
  try {
    const made = tidy(() => {
      const g = job(gpu);
      const rows = (g.batch ?? 1) * g.m;
      const width = withMoments ? row.columns(gpu, g) : 0;
      const c = empty(gpu, [rows, g.n]);
      const moments: Moments | undefined = withMoments
        ? { data: empty(gpu, [rows, Math.ceil(g.n / width), 2]), width }
        : undefined;
      expect(row.runsOn(gpu.traits, { ...g, c, moments })).toBe(true);
      row.dispatch(gpu, { ...g, c, moments });
      return [c, moments?.data ?? empty(gpu, [1]), width] as const;
    });
    const [c, moments, width] = made;
    const got = { c: await read(c), moments: await read(moments), width };
    c.release();
    moments.release();
    expect(liveTensors(gpu)).toBe(before);
    return got;
  } finally {
    poison(gpu, false);
  }
}

const { traits } = await device();

if (matrixUnit(traits))
  describe('products on matrix units', () => {
    const opened: Gpu[] = [];
    afterAll(() => {
      for (const gpu of opened) gpu[Symbol.dispose]();
    });
    // Ragged: no size is a whole number of tiles, and the last words of a row lie beyond k.
    const [m, n, k] = [37, 44, 56];
    const [x, w] = [arr([m, k], 'x'), exact(arr([n, k], 'w', 0.5))];

    it('of a weight exact in f16, with bias, GELU and residual, are as exact as f32', async () => {
      const [bias, residual] = [arr([n], 'bias'), arr([m, n], 'residual')];
      const { c } = await run(await device(), matrixGemm, (gpu) => ({
        ...{ m, n, k, a: put(gpu, x), b: pack(gpu, w), activation: 'gelu' },
        ...{ bias: put(gpu, bias), residual: put(gpu, residual) },
      }));
      expect(normalisedError(c, reference(x, w, bias, residual, 'gelu').data)).toBeLessThan(SPLIT);
    });

    it('round a to f16 where that is asked for, and only there', async () => {
      const job = (gpu: Gpu): Gemm => ({ m, n, k, a: put(gpu, x), b: pack(gpu, w) });
      const want = reference(x, w).data;
      const rounded = normalisedError((await run(await device(), matrixF16Gemm, job)).c, want);
      expect(rounded).toBeLessThan(2e-3);
      expect(rounded).toBeGreaterThan(2e-5);
      expect(normalisedError((await run(await device(), matrixGemm, job)).c, want)).toBeLessThan(SPLIT);
    });

    it('show what is not a number, and what is too large for f16', async () => {
      const a = arr([m, k], 'x');
      a.data[3 * k + 5] = Number.NaN;
      a.data[4 * k + 6] = 1e6;
      const { c } = await run(await device(), matrixGemm, (gpu) => ({ m, n, k, a: put(gpu, a), b: pack(gpu, w) }));
      const finite = Array.from({ length: m }, (_, i) => c.subarray(i * n, (i + 1) * n).every(Number.isFinite));
      expect(finite.flatMap((all, i) => (all ? [] : [i]))).toEqual([3, 4]);
    });

    it('of two f32 factors, in batches, need the low half of both', async () => {
      const batch = 3;
      const [a, b] = [arr([batch, m, k], 'a'), arr([batch, k, 48], 'b', 1 / 64)];
      const want = new Float64Array(batch * m * 48);
      for (let z = 0; z < batch; z++)
        for (let i = 0; i < m; i++)
          for (let l = 0; l < k; l++)
            for (let j = 0; j < 48; j++)
              want[(z * m + i) * 48 + j]! += a.data[(z * m + i) * k + l]! * b.data[(z * k + l) * 48 + j]!;
      const { c } = await run(await device(), matrixGemm, (gpu) => {
        return { m, n: 48, k, batch, a: put(gpu, a), b: put(gpu, b) };
      });
      expect(normalisedError(c, want)).toBeLessThan(SPLIT);
    });

    it('of a gradient with a weight keep rows far apart in size, and far below what f16 can hold', async () => {
      const [rows, columns] = [48, 40];
      const weight = exact(arr([rows, columns], 'weight', 0.5));
      const dy = arr([m, rows], 'dy');
      for (let i = 0; i < m; i++) {
        const size = i === 5 ? 0 : 10 ** ((i % 5) * 3 - 15);
        for (let l = 0; l < rows; l++) dy.data[i * rows + l] = Math.fround(dy.data[i * rows + l]! * size);
      }
      const { c } = await run(await device(), matrixGemm, (gpu) => ({
        ...{ m, n: columns, k: rows, a: put(gpu, dy), gradient: 'a' },
        b: ROWS.turn(pack(gpu, weight), columns, rows),
      }));
      const turned: Arr = { shape: [columns, rows], data: new Float64Array(columns * rows) };
      weight.data.forEach((v, at) => {
        turned.data[(at % columns) * rows + Math.floor(at / columns)] = v;
      });
      const want = reference(dy, turned).data;
      for (let i = 0; i < m; i++) {
        const row = want.subarray(i * columns, (i + 1) * columns);
        const scale = 1 / Math.max(...row.map(Math.abs), 1e-30);
        const got = c.subarray(i * columns, (i + 1) * columns);
        expect(
          normalisedError(
            got.map((v) => v * scale),
            row.map((v) => v * scale),
          ),
          `row ${i}`,
        ).toBeLessThan(SPLIT);
      }
    });

    it('give the moments of their rows, and normalise rows by the moments of parts of them', async () => {
      const [bias, residual] = [arr([n], 'bias', 1, 30), arr([m, n], 'residual', 3)];
      const first = await run(
        await device(),
        matrixGemm,
        (gpu) => ({
          ...{ m, n, k, a: put(gpu, x), b: pack(gpu, w) },
          ...{ bias: put(gpu, bias), residual: put(gpu, residual) },
        }),
        true,
      );
      const y = reference(x, w, bias, residual);
      expect(normalisedError(first.c, y.data)).toBeLessThan(SPLIT);
      const { width } = first;
      expect(n).toBeGreaterThan(width); // two parts, the second narrower
      const want: number[] = [];
      for (let i = 0; i < m; i++)
        for (let at = 0; at < n; at += width) {
          const part = y.data.slice(i * n + at, i * n + Math.min(n, at + width));
          const mean = part.reduce((a, v) => a + v, 0) / part.length;
          want.push(
            mean,
            part.reduce((a, v) => a + (v - mean) ** 2, 0),
          );
        }
      expect(normalisedError(first.moments, want)).toBeLessThan(1e-5);

      // Rows of mean 50, in parts as the kernel gives them: one of the full width, one of 8 columns less.
      const wide = arr([m, 2 * width - 8], 'wide', 2, 50);
      const inner = wide.shape[1]!;
      const parts: number[] = [];
      for (let i = 0; i < m; i++)
        for (let at = 0; at < inner; at += width) {
          const part = wide.data.slice(i * inner + at, i * inner + Math.min(inner, at + width));
          const mean = part.reduce((a, v) => a + v, 0) / part.length;
          parts.push(
            mean,
            part.reduce((a, v) => a + (v - mean) ** 2, 0),
          );
        }
      const [scale, shift, next] = [
        arr([inner], 'scale', 0.3, 1),
        arr([inner], 'shift'),
        exact(arr([n, inner], 'next')),
      ];
      const { c } = await run(await device(), matrixGemm, (gpu) => {
        const data = upload(gpu, Float32Array.from(parts), [m, 2, 2]);
        const norm: NormOfRows = {
          ...{ moments: { data, width }, eps: 1e-5 },
          ...{ weight: put(gpu, scale), bias: put(gpu, shift) },
        };
        return { m, n, k: inner, a: put(gpu, wide), b: pack(gpu, next), norm };
      });
      expect(normalisedError(c, reference(layerNorm(wide, scale, shift), next).data)).toBeLessThan(1e-5);
    });

    it('leave the matrix units in between where sums are long: the same as two products', async () => {
      const [rows, columns, inner] = [8, 32, LONGEST_SUM + 24];
      const long = arr([rows, inner], 'long');
      const weight = exact(arr([columns, inner], 'long weight', 0.5));
      const want = reference(long, weight).data;
      const cut = (t: Arr, from: number, to: number): Arr => {
        const count = t.shape[0]!;
        const data = Array.from({ length: count }, (_, i) => [
          ...t.data.slice(i * inner + from, i * inner + to),
        ]).flat();
        return { shape: [count, to - from], data: Float64Array.from(data) };
      };
      const part = (gpu: Gpu, from: number, to: number): Gemm => ({
        ...{ m: rows, n: columns, k: to - from },
        ...{ a: put(gpu, cut(long, from, to)), b: pack(gpu, cut(weight, from, to)) },
      });
      const gpu = await device();
      const whole = (await run(gpu, matrixGemm, () => part(gpu, 0, inner))).c;
      expect(gpu.kernels.labels.some((label) => label.startsWith('matmul.matrix') && /DRAIN=[1-9]/.test(label))).toBe(
        true,
      );
      const head = (await run(gpu, matrixGemm, () => part(gpu, 0, LONGEST_SUM))).c;
      const tail = (await run(gpu, matrixGemm, () => part(gpu, LONGEST_SUM, inner))).c;
      expect(normalisedError(whole, want)).toBeLessThan(SPLIT);
      expect(
        normalisedError(
          whole,
          head.map((v, i) => v + tail[i]!),
        ),
      ).toBeLessThan(1e-6);
    });

    it('take the tile that the table of the device names, and load weights directly where it says so', async () => {
      const own = await openGpu({
        tiles: { 'matmul.matrix tiny': { rows: 16, columns: 64, down: 1, across: 2, depth: 8, direct: true } },
      });
      opened.push(own);
      const weight = exact(arr([72, k], 'w', 0.5));
      const { c } = await run(own, matrixGemm, (gpu) => ({ m, n: 72, k, a: put(gpu, x), b: pack(gpu, weight) }));
      expect(own.kernels.labels.join()).toMatch(/SGM=1,SGN=2,FM=\d,FN=\d,BK=8,.*B_DIRECT=true/);
      expect(normalisedError(c, reference(x, weight).data)).toBeLessThan(SPLIT);
      const dy = arr([m, 72], 'dy');
      const back = await run(own, matrixGemm, (gpu) => ({
        ...{ m, n: k, k: 72, a: put(gpu, dy) },
        b: ROWS.turn(pack(gpu, weight), k, 72),
      }));
      const turned = { shape: [k, 72], data: new Float64Array(k * 72) };
      weight.data.forEach((v, at) => {
        turned.data[(at % k) * 72 + Math.floor(at / k)] = v;
      });
      expect(normalisedError(back.c, reference(dy, turned).data)).toBeLessThan(SPLIT);
    });
  });
