import { describe, expect, it } from 'vitest';
import { TINY, VIT_L_14_336 } from '../../src/model/synthetic.js';
import { type PlanOptions, planRun } from '../../src/train/plan.js';
import { trainFlags } from './train_flags.js';

const samples = [0, 1, 1, 0, 1].map((label, i) => ({ label: label as 0 | 1, className: i < 3 ? 'nut' : 'bolt' }));
const plan = (options: Partial<PlanOptions> = {}) =>
  planRun({
    config: TINY,
    samples,
    flags: trainFlags({ textEpochs: 2, textBatch: 3, imageEpochs: 4, imageBatch: 2 }),
    recompute: 'auto',
    half: false,
    deviceBytes: undefined,
    ...options,
  });

it('counts classes, pictures and steps', () => {
  expect(plan()).toMatchObject({ classes: 2, normal: 2, abnormal: 3, textSteps: 4, imageSteps: 12, recompute: false });
});

describe('recomputing', () => {
  const large = { config: VIT_L_14_336, flags: trainFlags({ imageSize: 518, imageBatch: 2 }) };
  const total = ({ memory: { weights, activations, adapters } }: ReturnType<typeof plan>): number =>
    weights + activations + adapters;

  it('is turned on where the activations would fill more than 0.7 of the memory', () => {
    const whole = total(plan({ ...large, recompute: 'off' }));
    expect(plan({ ...large, deviceBytes: whole / 0.7 + 1 }).recompute).toBe(false);
    expect(plan({ ...large, deviceBytes: whole / 0.7 - 1 }).recompute).toBe(true);
    // A device that does not report its memory is taken to have 8 GiB.
    expect(plan(large)).toEqual(plan({ ...large, deviceBytes: 8 * 2 ** 30 }));
  });

  it('otherwise follows the flag, and takes less memory', () => {
    const [on, off] = [plan({ ...large, recompute: 'on' }), plan({ ...large, recompute: 'off', deviceBytes: 1 })];
    expect([on.recompute, off.recompute]).toEqual([true, false]);
    expect(on.memory.activations).toBeLessThan(off.memory.activations / 3);
    expect(on.memory.weights).toBe(off.memory.weights);
  });
});
