/** The memory of detection, counted before: as the pool's peak turns out, and small enough for ViT-L. */
import { describe, expect, it } from 'vitest';
import { AnomalyModel } from '../../src/detect/anomaly_model.js';
import { inferenceMemory } from '../../src/detect/inference_memory.js';
import { scorePictures } from '../../src/detect/picture_batch.js';
import { readTorchArchive } from '../../src/io/torch_archive.js';
import { openCheckpoint } from '../../src/model/methods/all_methods.js';
import { syntheticAdapters, syntheticClip, TINY, VIT_L_14_336 } from '../../src/model/synthetic.js';
import { openGpu } from '../../src/node/device.js';
import { graphicsCard, promptsOf } from '../counting.js';
import { device } from '../devices.js';
import { golden } from '../golden_files.js';

const classes = [promptsOf('nut')];
const adaptersOf = (config: typeof TINY) => {
  const made = syntheticAdapters(config, 2);
  return { text: made, image: made };
};

describe('counted memory is the memory that is taken', () => {
  const sides = { width: 300, height: 200 };
  const cases = [
    ['with adapters', 1, true, false],
    ['with adapters', 5, true, true],
    ['with adapters', 16, true, false],
    ['plain CLIP', 1, false, true],
    ['plain CLIP', 16, false, false],
  ] as const;
  it.each(cases)('%s, %i pictures at a time', async (_, batch, adapted, half) => {
    using gpu = await openGpu();
    const clip = syntheticClip(TINY, 1, half);
    const options = { clip, classes, imageSize: 112, ...(adapted ? { adapters: adaptersOf(TINY) } : {}) };
    const plan = await inferenceMemory(gpu, options, batch, sides);
    using model = await AnomalyModel.load(gpu, options);
    const weights = gpu.pool.allocated - gpu.pool.idle;
    expect(Math.abs(plan.weights / weights - 1)).toBeLessThan(0.02);
    const pictures = Array.from({ length: batch }, () => ({ ...sides, data: new Uint8Array(3 * 300 * 200) }));
    for (let i = 0; i < 3; i++) await scorePictures(model, pictures, 'nut');
    expect(Math.abs(plan.peak / gpu.pool.peak - 1)).toBeLessThan(0.02);
  });

  it.each(['april-gan', 'anomalyclip'] as const)('with a checkpoint of %s', async (name) => {
    using gpu = await openGpu();
    const clip = syntheticClip(TINY, 1, true);
    const adapters = openCheckpoint(
      (await readTorchArchive(golden(`method.${name.replace('-', '_')}.tiny.pth`))).tensors,
    );
    expect(adapters.method.name).toBe(name);
    const options = { clip, classes, imageSize: 112, adapters };
    const plan = await inferenceMemory(gpu, options, 3, sides);
    using model = await AnomalyModel.load(gpu, options);
    const weights = gpu.pool.allocated - gpu.pool.idle;
    expect(Math.abs(plan.weights / weights - 1)).toBeLessThan(0.02);
    const pictures = Array.from({ length: 3 }, () => ({ ...sides, data: new Uint8Array(3 * 300 * 200) }));
    for (let i = 0; i < 2; i++) await scorePictures(model, pictures, 'nut');
    expect(Math.abs(plan.peak / gpu.pool.peak - 1)).toBeLessThan(0.02);
  });
});

describe('ViT-L/14 at 518 px', () => {
  const GIB = 2 ** 30;
  const options = { classes, adapters: adaptersOf(VIT_L_14_336), imageSize: 518 };
  const need = async (kind: 'card' | 'processor', half: boolean) => {
    const own = await device();
    const gpu = kind === 'card' ? graphicsCard(own) : own;
    return (await inferenceMemory(gpu, { ...options, clip: syntheticClip(VIT_L_14_336, 1, half) }, 1)).peak;
  };
  it.each(['card', 'processor'] as const)('one picture on a %s', async (kind) => {
    expect(await need(kind, false)).toBeLessThan(1.6 * GIB);
    expect(await need(kind, true)).toBeLessThan(0.9 * GIB);
  });

  it('reads no weights, and says which batch an adapter cannot hold', async () => {
    const clip = { ...syntheticClip(VIT_L_14_336, 1, true), readF32: () => expect.unreachable('weights were read') };
    const small = (await device()).counting({ limits: { maxStorageBufferBindingSize: 2 ** 24 } });
    await expect(inferenceMemory(small, { ...options, clip }, 4)).rejects.toThrow(
      /^4 pictures of 518 px at a time: .* this adapter binds at most 16777216: use a smaller batch or smaller pictures$/,
    );
  });
});
