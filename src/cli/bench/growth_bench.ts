/** How time and memory grow with pictures at a time and with tokens, for a forward pass and a step of stage two. */
import type { Gpu } from '../../gpu/gpu.js';
import { BenchTower, benchConfig, type ModelChoice } from './bench_model.js';
import { forwardPass } from './forward_bench.js';
import { type LinearFit, linearFit } from './linear_fit.js';
import { type TimingPlan, timeCalls } from './row_timer.js';
import { simply } from './speed_row.js';
import { stageTwoStep } from './training_step.js';

export interface GrowthPoint {
  readonly job: 'forward' | 'step';
  readonly along: 'batch' | 'tokens';
  readonly batch: number;
  readonly tokens: number;
  readonly ms: number;
  /** Most bytes of buffers, weights included. */
  readonly peakMemory: number;
}

export interface GrowthFit {
  readonly job: GrowthPoint['job'];
  readonly along: GrowthPoint['along'];
  /** Milliseconds against pictures or tokens, and bytes against them. */
  readonly time: LinearFit;
  readonly memory: LinearFit;
}

export interface GrowthBench {
  readonly points: readonly GrowthPoint[];
  readonly fits: readonly GrowthFit[];
}

export interface GrowthOptions extends ModelChoice {
  readonly batches: readonly number[];
  /** Side of the pictures at which batches grow. */
  readonly imageSize: number;
  /** Sides of the pictures along which tokens grow, one at a time. */
  readonly imageSizes: readonly number[];
  readonly onPoint?: ((point: GrowthPoint) => void) | undefined;
}

interface Place {
  readonly along: GrowthPoint['along'];
  readonly batch: number;
  readonly imageSize: number;
}

async function measure(gpu: Gpu, plan: TimingPlan, run: () => void): Promise<{ ms: number; peakMemory: number }> {
  run();
  await gpu.idle();
  gpu.trim();
  gpu.pool.peak = gpu.pool.allocated;
  const ms = await timeCalls(gpu, plan, simply(run), 20);
  return { ms, peakMemory: gpu.pool.peak };
}

/** Measures batches at one size, and sizes at batch 1. */
export async function benchGrowth(gpu: Gpu, plan: TimingPlan, options: GrowthOptions): Promise<GrowthBench> {
  const { batches, imageSize, imageSizes, onPoint } = options;
  const { patch } = benchConfig(options);
  const places: Place[] = [
    ...batches.map((batch) => ({ along: 'batch' as const, batch, imageSize })),
    ...imageSizes.map((side) => ({ along: 'tokens' as const, batch: 1, imageSize: side })),
  ];
  const points: GrowthPoint[] = [];
  const put = (job: GrowthPoint['job'], place: Place, measured: { ms: number; peakMemory: number }): void => {
    const tokens = Math.floor(place.imageSize / patch) ** 2 + 1;
    const point = { job, along: place.along, batch: place.batch, tokens, ...measured };
    points.push(point);
    onPoint?.(point);
  };
  {
    using tower = await BenchTower.load(gpu, options);
    for (const place of places) {
      using pass = forwardPass(gpu, tower, place.imageSize, place.batch);
      put('forward', place, await measure(gpu, plan, () => pass.run()));
    }
  }
  for (const place of places) {
    using step = await stageTwoStep(gpu, { ...options, imageSize: place.imageSize, batch: place.batch });
    put('step', place, await measure(gpu, plan, () => step.run()));
  }
  return { points, fits: fitsOf(points) };
}

/** A line for each job and direction that has points at two places at least. */
export function fitsOf(points: readonly GrowthPoint[]): GrowthFit[] {
  const kinds = [...new Set(points.map(({ job, along }) => `${job} ${along}`))];
  return kinds.flatMap((kind) => {
    const own = points.filter(({ job, along }) => `${job} ${along}` === kind);
    const { job, along } = own[0]!;
    const xs = own.map((p) => p[along]);
    if (new Set(xs).size < 2) return [];
    const time = linearFit(
      xs,
      own.map((p) => p.ms),
    );
    const memory = linearFit(
      xs,
      own.map((p) => p.peakMemory),
    );
    return [{ job, along, time, memory }];
  });
}
