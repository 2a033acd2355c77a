/** The memory of training, counted before: as the pool's peak turns out, and small enough for ViT-L. */
import { describe, expect, it } from 'vitest';
import { syntheticClip, TINY, VIT_L_14_336 } from '../../src/model/synthetic.js';
import { openGpu } from '../../src/node/device.js';
import { PUBLISHED_CHANCES } from '../../src/train/augment_plan.js';
import { trainStages } from '../../src/train/resume.js';
import { trainingMemory } from '../../src/train/training_memory.js';
import type { TrainFlags, TrainRun } from '../../src/train/training_run.js';
import { graphicsCard, promptsOf } from '../counting.js';
import { device } from '../devices.js';
import { drawSample, SIZE } from './pictures.js';
import { trainFlags } from './train_flags.js';

const classes = [promptsOf('cloth')];
const samples = Array.from({ length: 32 }, (_, i) => drawSample(i));

describe('counted memory is the memory that is taken', () => {
  const chances = PUBLISHED_CHANCES;
  const cases: [string, Partial<TrainFlags>][] = [
    ['stage one, 1 picture a step', { textBatch: 1, imageEpochs: 0 }],
    ['stage one, 16 pictures a step', { textBatch: 16, imageEpochs: 0 }],
    ['stage two, 1 picture a step', { imageBatch: 1, textEpochs: 0 }],
    ['stage two, 1 picture a step, recomputing', { imageBatch: 1, textEpochs: 0, recompute: true }],
    ['stage two, 16 pictures a step', { imageBatch: 16, textEpochs: 0 }],
    ['stage two, 16 pictures a step, recomputing', { imageBatch: 16, textEpochs: 0, recompute: true }],
    ['both stages', { textBatch: 4, imageBatch: 2, recompute: true }],
  ];
  it.each(cases)('%s', async (_, changed) => {
    using gpu = await openGpu();
    const flags = trainFlags({ imageSize: SIZE, chances, ...changed });
    const planned = { gpu, clip: syntheticClip(TINY, 3), config: TINY, flags, classes };
    const plan = await trainingMemory(planned, { width: SIZE, height: SIZE });
    let weights = 0;
    const run: TrainRun = {
      ...planned,
      flagsText: '',
      host: {
        batchesPerEpoch: () => 2,
        async *batches(_stage, _epoch, size) {
          weights = gpu.pool.allocated - gpu.pool.idle;
          for (let i = 0; i < 2; i++) yield samples.slice(i * size, (i + 1) * size);
        },
        async *recordedSamples(size) {
          for (let i = 0; i < 2; i++) yield samples.slice(i * size, (i + 1) * size);
        },
        save: async () => 'memory',
        onStep: () => undefined,
        onEpoch: async (part) => {
          const { peak, weights: counted } = plan[part]!;
          expect(Math.abs(counted / weights - 1)).toBeLessThan(0.02);
          expect(Math.abs(peak / gpu.pool.peak - 1)).toBeLessThan(0.02);
          gpu.pool.peak = 0;
        },
      },
    };
    const { text, image } = await trainStages(run, { path: 'memory', restore: async () => undefined });
    text?.[Symbol.dispose]();
    image[Symbol.dispose]();
    expect(Object.keys(plan)).toEqual([...(flags.textEpochs ? ['text'] : []), ...(flags.imageEpochs ? ['image'] : [])]);
  });
});

describe('ViT-L/14 at 518 px', () => {
  const clip = syntheticClip(VIT_L_14_336, 1, true);
  const shape = { textUntil: 3, imageUntil: 6, relu: false };
  const flagsOf = (changed: Partial<TrainFlags>) => trainFlags({ imageSize: 518, shape, ...changed });
  const GIB = 2 ** 30;
  const need = async (kind: 'card' | 'processor', changed: Partial<TrainFlags>) => {
    const own = await device();
    const gpu = kind === 'card' ? graphicsCard(own) : own;
    const run = { gpu, clip, config: VIT_L_14_336, flags: flagsOf(changed), classes };
    return (await trainingMemory(run)).image!.peak;
  };

  it('stage two with two pictures a step fits in 1.3 GiB where rows serve both directions, and in 2 GiB elsewhere', async () => {
    expect(await need('card', { recompute: true })).toBeLessThan(1.3 * GIB);
    expect(await need('processor', { recompute: true })).toBeLessThan(2 * GIB);
    expect(await need('card', { recompute: false })).toBeLessThan(4 * GIB);
  });

  it('reads no weights, and says which step an adapter cannot hold', async () => {
    const gpu = (await device()).counting({ limits: { maxStorageBufferBindingSize: 2 ** 25 } });
    const unread = { ...clip, readF32: () => expect.unreachable('weights were read') };
    const run = { gpu, clip: unread, config: VIT_L_14_336, flags: flagsOf({ textEpochs: 0, imageBatch: 8 }), classes };
    await expect(trainingMemory(run)).rejects.toThrow(
      /^image stage with 8 pictures of 518 px a step: .* binds at most 33554432: use a smaller batch or smaller pictures$/,
    );
  });
});

it('leaves the device as it was', async () => {
  const gpu = await device();
  const { allocated, peak } = gpu.pool;
  const { dispatches } = gpu;
  await trainingMemory({ gpu, clip: syntheticClip(TINY, 3), config: TINY, flags: trainFlags(), classes });
  expect([gpu.pool.allocated, gpu.pool.peak, gpu.dispatches]).toEqual([allocated, peak, dispatches]);
});
