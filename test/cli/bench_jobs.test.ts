import { describe, expect, it } from 'vitest';
import { BenchTower } from '../../src/cli/bench/bench_model.js';
import { benchBlock } from '../../src/cli/bench/block_bench.js';
import { measureCeilings } from '../../src/cli/bench/ceilings.js';
import { benchForward } from '../../src/cli/bench/forward_bench.js';
import { benchGrowth } from '../../src/cli/bench/growth_bench.js';
import { benchMemory } from '../../src/cli/bench/memory_bench.js';
import { benchPrecision, relativeL2 } from '../../src/cli/bench/precision_bench.js';
import { benchReferences } from '../../src/cli/bench/reference_bench.js';
import { planOf } from '../../src/cli/bench/row_timer.js';
import type { SpeedRow } from '../../src/cli/bench/speed_row.js';
import { benchTraining } from '../../src/cli/bench/training_bench.js';
import { placesOf, relativeError, tune } from '../../src/cli/bench/tune_bench.js';
import { imageFlops } from '../../src/model/image_flops.js';
import { openGpu } from '../../src/node/device.js';
import { liveTensors } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';

const PLAN = planOf(1, true);
const TOP = {
  multiplyAddGflops: 10,
  copyGbytes: 1,
  matrixGflops: 40,
  halfTime: 0.5,
  dispatchMicroseconds: 1,
  readMilliseconds: 1,
};
const TINY = { tiny: true, layers: 2, imageSize: 28, precision: 'f32' } as const;

/** Rates, shares and the work they come from agree. */
function expectConsistent(row: SpeedRow): void {
  expect(row.ms, row.name).toBeGreaterThan(0);
  expect(row.dispatches, row.name).toBeGreaterThan(0);
  expect((row.gflops * row.ms) / 1e3, row.name).toBeCloseTo(row.gflop, 6);
  expect(row.ofMultiplyAdd / 10, row.name).toBeCloseTo(row.gflops, 6);
  expect(row.ofMatrix! * 4, row.name).toBeCloseTo(row.ofMultiplyAdd, 6);
}

describe('bench', () => {
  it('measures ceilings: matrix units where there are any', async () => {
    const gpu = await device();
    const top = await measureCeilings(gpu, PLAN, true);
    expect(top.multiplyAddGflops).toBeGreaterThan(0);
    expect(top.copyGbytes).toBeGreaterThan(0);
    expect(top.halfTime).toBeGreaterThan(0);
    expect(top.dispatchMicroseconds).toBeGreaterThan(0);
    expect(top.readMilliseconds).toBeGreaterThan(0);
    expect(top.matrixGflops !== null).toBe(gpu.traits.matrixShapes.some((s) => s.resultComponentType === 'f32'));
  });

  it('block: both kinds of weights, forward and backward, at each batch', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    const told: SpeedRow[] = [];
    const rows = await benchBlock(gpu, PLAN, TOP, { ...TINY, batches: [1, 2] }, (row) => told.push(row));
    expect(told).toEqual(rows);
    expect(rows.map((row) => row.name.replace(/^block (\d)\S+ /, '$1 '))).toEqual(
      ['f16-exact weights', 'f32 weights'].flatMap((kind) =>
        [1, 2].flatMap((batch) => [`${batch} ${kind}, forward`, `${batch} ${kind}, backward`]),
      ),
    );
    rows.forEach(expectConsistent);
    if (gpu.profile.available) expect(rows[2]!.gflop / rows[0]!.gflop).toBeGreaterThan(1.9);
    expect(liveTensors(gpu)).toBe(before);
  });

  it('forward: the declared work is that of the model, and a batch has as much for each picture', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    const rows = await benchForward(gpu, PLAN, TOP, { ...TINY, batches: [1, 3] }, () => {});
    rows.forEach(expectConsistent);
    expect(rows.map((r) => [r.batch, r.msPerPicture * r.batch])).toEqual(rows.map((r) => [r.batch, r.ms]));
    using tower = await BenchTower.load(gpu, TINY);
    const expected = imageFlops(tower.config, 28, tower.adapters.blocks.length) / 1e9;
    if (gpu.profile.available) {
      expect(rows[0]!.gflop / expected).toBeGreaterThan(0.85);
      expect(rows[0]!.gflop / expected).toBeLessThan(1.15);
      expect(rows[1]!.gflop / rows[0]!.gflop).toBeGreaterThan(2.5);
    }
    expect(rows[1]!.peakMemory).toBeGreaterThan(rows[0]!.peakMemory);
    tower[Symbol.dispose]();
    expect(liveTensors(gpu)).toBe(before);
  });

  it('train: steps of both stages; recomputation needs less memory, gradients of all weights need more of both', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    const report = await benchTraining(gpu, PLAN, TOP, { ...TINY, layers: 4, batch: 2 }, () => {});
    report.rows.forEach(expectConsistent);
    const [one, two, recomputed, all] = report.rows;
    expect([one?.stage, two?.stage]).toEqual(['one', 'two']);
    expect(recomputed!.peakMemory).toBeLessThan(two!.peakMemory);
    expect(report.memoryRatio).toBeCloseTo(all!.peakMemory / two!.peakMemory, 12);
    expect(report.memoryRatio).toBeGreaterThan(1);
    expect(liveTensors(gpu)).toBe(before);
  });

  it('memory: what runs needs more than what is loaded, and a larger batch needs more', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    const rows = await benchMemory(gpu, { ...TINY, batches: [1, 4] }, () => {});
    const jobs = ['stage one', 'stage two', 'stage two, recompute'];
    expect(rows.map((r) => `${r.job} ${r.batch}`)).toEqual([
      'forward 1',
      'forward 4',
      ...[1, 4].flatMap((batch) => jobs.map((job) => `${job} ${batch}`)),
    ]);
    for (const row of rows) expect(row.peak, row.job).toBeGreaterThan(row.loaded);
    for (const job of ['forward', ...jobs]) {
      const [small, large] = rows.filter((r) => r.job === job);
      expect(large!.peak, job).toBeGreaterThan(small!.peak);
    }
    expect(liveTensors(gpu)).toBe(before);
  });

  it('references: passes with and without them in pairs, and the memory of references apart from what else is needed', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    const options = { ...TINY, imageSize: 56, batches: [1, 2], samples: 1 };
    const [one, two] = await benchReferences(gpu, { ...options, references: 8 }, () => {});
    const [twice] = await benchReferences(gpu, { ...options, batches: [1], references: 16 }, () => {});
    expect([one!.batch, two!.batch]).toEqual([1, 2]);
    // One pair: its ratio is that of the times.
    expect(one!.ratio).toBeCloseTo(one!.with.ms / one!.without.ms, 9);
    expect(one!.cpuRatio).toBeCloseTo(one!.with.cpuSeconds / one!.without.cpuSeconds, 9);
    // Two levels, 8 pictures of 4 x 4 patches of width 128, in f16.
    expect(one!.referenceBytes).toBe(2 * 8 * 16 * 128 * 2);
    expect(twice!.referenceBytes).toBe(2 * one!.referenceBytes);
    for (const row of [one!, two!, twice!]) {
      expect(row.with.peakMemory - row.without.peakMemory).toBe(row.referenceBytes + row.beyondBytes);
      expect(row.with.peakMemory).toBeGreaterThan(row.without.peakMemory);
    }
    expect(liveTensors(gpu)).toBe(before);
  });

  it('growth: points along batch and tokens for both jobs, each with a line through them', async () => {
    const gpu = await device();
    const before = liveTensors(gpu);
    const { points, fits } = await benchGrowth(gpu, PLAN, { ...TINY, batches: [1, 2], imageSizes: [28, 56] });
    expect(points.map((p) => `${p.job} ${p.along} ${p.batch} ${p.tokens}`)).toEqual(
      ['forward', 'step'].flatMap((job) => [
        `${job} batch 1 5`,
        `${job} batch 2 5`,
        `${job} tokens 1 5`,
        `${job} tokens 1 17`,
      ]),
    );
    expect(fits).toHaveLength(4);
    for (const { memory } of fits) expect(memory.slope).toBeGreaterThan(0);
    expect(liveTensors(gpu)).toBe(before);
  });

  it('precision: the error of f16 on this adapter is that of its rounding', async () => {
    const { error, errors, blockMs } = await benchPrecision((precision) => openGpu({ precision }), true);
    expect(Object.keys(errors)).toEqual(['map', 'score', 'block']);
    expect(error).toBe(Math.max(...Object.values(errors)));
    expect(error).toBeLessThan(2e-3);
    expect(Math.min(blockMs.f32, blockMs.f16)).toBeGreaterThan(0);
    expect(relativeL2(Float32Array.of(3, 4), Float32Array.of(3, 0))).toBeCloseTo(4 / 3, 6);
    expect(relativeL2(Float32Array.of(Number.NaN), Float32Array.of(1))).toBeNaN();
  });
});

describe('bench tune', () => {
  it('tries the tiles of the kernels that the adapter takes, each checked, and times the block with each', async () => {
    const places = placesOf(await device());
    const tried: string[] = [];
    const report = await tune(() => openGpu(), PLAN, {
      ...{ tiny: true, imageSize: 28, batches: [1], backward: true, budget: 60, most: 1 },
      onTry: ({ key, time }) => {
        expect(time, key).toBeGreaterThan(0);
        tried.push(key);
      },
    });
    expect(report.places).toEqual(places.map((p) => p.key));
    expect(new Set(tried)).toEqual(new Set(report.places));
    expect(report.ended).toBeUndefined();
    for (const [key, knobs] of Object.entries(report.tiles)) {
      const place = places.find((p) => p.key === key)!;
      const traits = (await device()).traits;
      expect([place.own(traits), ...place.candidates(traits)]).toContainEqual(knobs);
    }
  });

  it('measures errors by the size of the values', () => {
    expect(relativeError(Float32Array.of(2, -2), Float32Array.of(2, -2))).toBe(0);
    expect(relativeError(Float32Array.of(2, -1), Float32Array.of(2, -2))).toBeCloseTo(0.5, 6);
    expect(relativeError(Float32Array.of(Number.NaN, 0), Float32Array.of(1, 1))).toBeNaN();
  });
});
