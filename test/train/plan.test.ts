import { beforeAll, describe, expect, it } from 'vitest';
import type { Gpu } from '../../src/gpu/gpu.js';
import { syntheticClip, TINY } from '../../src/model/synthetic.js';
import { defaultMemoryLimit, overLimit, type PlanOptions, planRun } from '../../src/train/plan.js';
import { promptsOf } from '../counting.js';
import { device } from '../devices.js';
import { trainFlags } from './train_flags.js';

const samples = [0, 1, 1, 0, 1].map((label, i) => ({ label: label as 0 | 1, className: i < 3 ? 'nut' : 'bolt' }));
const flags = trainFlags({ textEpochs: 2, textBatch: 3, imageEpochs: 4, imageBatch: 2 });
let gpu: Gpu;
beforeAll(async () => {
  gpu = await device();
});

const runOf = (changed = flags) => {
  const classes = [promptsOf('nut'), promptsOf('bolt')];
  return { gpu, clip: syntheticClip(TINY, 1), config: TINY, flags: changed, classes };
};
const plan = (options: Partial<PlanOptions> = {}) =>
  planRun({
    run: runOf(),
    samples,
    recompute: 'auto',
    memoryLimit: 2 ** 30,
    ...options,
  });

it('counts classes, pictures and steps', async () => {
  const counts = { classes: 2, normal: 2, abnormal: 3, textSteps: 4, imageSteps: 12, recompute: false };
  expect(await plan()).toMatchObject(counts);
});

describe('recomputing', () => {
  it('is turned on where stage two would exceed the limit', async () => {
    const { peak } = (await plan({ recompute: 'off' })).memory.image!;
    expect((await plan({ memoryLimit: peak })).recompute).toBe(false);
    expect((await plan({ memoryLimit: peak - 1 })).recompute).toBe(true);
  });

  it('otherwise follows the flag, and takes less memory', async () => {
    const [on, off] = [await plan({ recompute: 'on' }), await plan({ recompute: 'off', memoryLimit: 1 })];
    expect([on.recompute, off.recompute]).toEqual([true, false]);
    expect(on.memory.image!.peak).toBeLessThan(off.memory.image!.peak);
    expect(on.memory.image!.weights).toBe(off.memory.image!.weights);
    expect(on.memory.text).toEqual(off.memory.text);
  });
});

it('a plan over its limit says so in one line, with what to do', async () => {
  expect(overLimit(await plan())).toBeUndefined();
  const off = await plan({ recompute: 'off', memoryLimit: 2 ** 20, run: runOf({ ...flags, textEpochs: 0 }) });
  expect(overLimit(off)).toMatch(
    /^the image stage needs \d+\.\d\d GiB of buffers, over the limit of 0\.00 GiB: recompute, use smaller batches or pictures, or raise the limit$/,
  );
});

it('the limit is a share of the memory that a software adapter works in, else of 8 GiB', () => {
  expect(defaultMemoryLimit({ software: true }, 1000)).toBe(700);
  expect(defaultMemoryLimit({ software: true }, undefined)).toBe(0.7 * 2 ** 33);
  expect(defaultMemoryLimit({ software: false }, 1000)).toBe(0.7 * 2 ** 33);
});
