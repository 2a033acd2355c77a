/** What the adapter can do at best, measured in the same run as everything that is compared with it. */
import type { Gpu } from '../../gpu/gpu.js';
import { copyCeiling, matrixCeiling, multiplyAddCeiling } from '../../kernels/ceiling.js';
import { matrixUnit } from '../../kernels/matrix_units.js';
import { add } from '../../ops/add.js';
import { full } from '../../ops/fill.js';
import { empty, read, tidy } from '../../tensor/tensor.js';
import { type TimingPlan, timeWork } from './row_timer.js';

export interface Ceilings {
  readonly multiplyAddGflops: number;
  readonly copyGbytes: number;
  /** Products of f16 matrices with f32 sums; null where the adapter has no such units. */
  readonly matrixGflops: number | null;
  /** Time of half the multiply-adds over the time of all: 0.5 where it is the work that takes the time. */
  readonly halfTime: number;
  /** Microseconds of a small dispatch in a chain where each needs the result of the one before. */
  readonly dispatchMicroseconds: number;
  /** Milliseconds until a small result is on the host. */
  readonly readMilliseconds: number;
}

/** Milliseconds of work before the first measurement: GPUs that idle clock themselves down. */
const WARM_UP_MS = 1000;

/** Measures the ceilings. @param quick few turns: for trying the benchmark, not for figures to quote */
export async function measureCeilings(gpu: Gpu, plan: TimingPlan, quick: boolean): Promise<Ceilings> {
  // Enough turns for a GPU as well, once calls are repeated.
  const turns = quick ? 20 : gpu.traits.software ? 200 : 4000;
  const warm = performance.now();
  do {
    multiplyAddCeiling(gpu, turns);
    await gpu.idle();
  } while (!quick && !gpu.traits.software && performance.now() - warm < WARM_UP_MS);
  const flops = multiplyAddCeiling(gpu, turns);
  const ms = await timeWork(gpu, plan, () => void multiplyAddCeiling(gpu, turns));
  const half = await timeWork(gpu, plan, () => void multiplyAddCeiling(gpu, turns / 2));
  // Larger than the caches of a GPU.
  using from = empty(gpu, [quick ? 1 << 20 : gpu.traits.software ? 1 << 24 : 1 << 26]);
  using to = empty(gpu, from.shape);
  const moved = copyCeiling(gpu, from, to);
  const copyMs = await timeWork(gpu, plan, () => void copyCeiling(gpu, from, to));
  return {
    multiplyAddGflops: flops / ms / 1e6,
    copyGbytes: moved / copyMs / 1e6,
    matrixGflops: await matrixGflops(gpu, plan, quick),
    halfTime: half / ms,
    ...(await latencies(gpu, plan)),
  };
}

const CHAIN = 200;

async function latencies(
  gpu: Gpu,
  plan: TimingPlan,
): Promise<Pick<Ceilings, 'dispatchMicroseconds' | 'readMilliseconds'>> {
  const chain = (): void =>
    tidy(() => {
      const one = full(gpu, [64], 1);
      let x = one;
      for (let i = 0; i < CHAIN; i++) x = add(x, one);
    });
  const dispatchMicroseconds = (1000 * (await timeWork(gpu, plan, chain))) / CHAIN;
  const times: number[] = [];
  using small = full(gpu, [1], 1);
  for (let i = 0; i < 10; i++) {
    await gpu.idle();
    const started = performance.now();
    await read(small);
    times.push(performance.now() - started);
  }
  return { dispatchMicroseconds, readMilliseconds: times.sort((a, b) => a - b)[5]! };
}

async function matrixGflops(gpu: Gpu, plan: TimingPlan, quick: boolean): Promise<number | null> {
  const shape = matrixUnit(gpu.traits);
  if (!shape) return null;
  const [turns, groups] = quick ? [2, 4] : gpu.traits.software ? [20, 64] : [1000, 1024];
  const run = (): number => {
    const { flops, sums } = matrixCeiling(gpu, shape, turns, groups);
    sums.release();
    return flops;
  };
  const flops = run();
  return flops / (await timeWork(gpu, plan, () => void run())) / 1e6;
}
