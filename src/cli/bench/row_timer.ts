/** How long a piece of work takes on a device: repeated within a budget of time; the median counts. */
import type { Gpu } from '../../gpu/gpu.js';

/** How much is measured. */
export interface TimingPlan {
  /** Most samples per row; the median counts. */
  readonly samples: number;
  /** Milliseconds after which no further sample is begun. */
  readonly budget: number;
}

/** Milliseconds a row may take, not counting the warm-up. */
const BUDGET = 600;

/** `samples` at most within the time of a row; for a quick trial, one. */
export function planOf(samples: number, quick: boolean): TimingPlan {
  return quick ? { samples: 1, budget: 0 } : { samples, budget: BUDGET };
}

/** A sample is at least this long where calls can be repeated, so that waiting for its end does not count. */
const SAMPLE_MS = 100;
const MOST_CALLS = 200;

/**
 * Median milliseconds of a call.
 * @param repeat prepares `calls` calls, untimed, and returns the function that makes them
 * @param mostCalls largest number of calls that may be prepared at a time
 */
export async function timeCalls(
  gpu: Gpu,
  plan: TimingPlan,
  repeat: (calls: number) => () => void,
  mostCalls = MOST_CALLS,
): Promise<number> {
  const sample = async (calls: number): Promise<number> => {
    const run = repeat(calls);
    await gpu.idle();
    const start = performance.now();
    run();
    await gpu.idle();
    return (performance.now() - start) / calls;
  };
  const began = performance.now();
  const first = await sample(1);
  const each = Math.min(SAMPLE_MS, plan.budget / plan.samples);
  const calls = Math.max(1, Math.min(mostCalls, Math.round(each / first)));
  // Where calls need no repetition, the first one is already a sample.
  const times = calls === 1 ? [first] : [await sample(calls)];
  while (times.length < plan.samples && performance.now() - began < plan.budget) times.push(await sample(calls));
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
}

/** `timeCalls` of work that needs no preparation. */
export function timeWork(gpu: Gpu, plan: TimingPlan, work: () => void): Promise<number> {
  return timeCalls(gpu, plan, (calls) => () => {
    for (let i = 0; i < calls; i++) work();
  });
}
