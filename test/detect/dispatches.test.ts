/** How many dispatches and submits a picture takes on a graphics card, and that the fusions behind it change no result. */
import { describe, expect, it } from 'vitest';
import { AnomalyModel, type AnomalyModelOptions } from '../../src/detect/anomaly_model.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { syntheticAdapters, syntheticClip, TINY, VIT_L_14_336 } from '../../src/model/synthetic.js';
import { openGpu } from '../../src/node/device.js';
import { empty, read, tidy, upload } from '../../src/tensor/tensor.js';
import { graphicsCard, promptsOf } from '../counting.js';
import { device } from '../devices.js';
import { normalisedError } from '../op_harness.js';
import { arr } from '../reference/arr.js';

function modelOf(config: typeof TINY, imageSize: number): AnomalyModelOptions {
  const adapters = syntheticAdapters(config, 2);
  return {
    clip: syntheticClip(config, 1, true),
    classes: [promptsOf('nut')],
    adapters: { text: adapters, image: adapters },
    imageSize,
  };
}

describe('an adapted picture through ViT-L/14 at 518 px', () => {
  it.each([1, 8])('takes at most 175 dispatches and one submit, %i at a time', async (batch) => {
    using gpu = graphicsCard(await device());
    using model = await AnomalyModel.load(gpu, modelOf(VIT_L_14_336, 518));
    const run = (): void => tidy(() => void model.run(empty(gpu, [batch, 3, 518, 518]), 'nut'));
    run(); // constants go to the device once
    gpu.flush();
    const [dispatches, submits] = [gpu.dispatches, gpu.submits];
    run();
    gpu.flush();
    expect(gpu.dispatches - dispatches).toBeLessThanOrEqual(175);
    // Long work is cut where a graphics card would be busy for seconds.
    const work = batch * model.flopsPerImage;
    expect(gpu.submits - submits).toBeLessThanOrEqual(Math.ceil(work / gpu.traits.workPerSubmit));
    expect(gpu.dryRun(run).flops / batch).toBeLessThan(1.05e12);
  });
});

it('fused norms give the same maps and scores', async () => {
  const outcome = async (gpu: Gpu): Promise<Float32Array[]> => {
    using model = await AnomalyModel.load(gpu, modelOf(TINY, 56));
    const pixels = arr([2, 3, 56, 56], 'images', 1);
    using images = upload(gpu, Float32Array.from(pixels.data), pixels.shape);
    const { map, score } = model.run(images, 'nut');
    const values = [await read(map), await read(score)];
    map.release();
    score.release();
    return values;
  };
  using fused = await openGpu({ kernels: { matmul: 'block' } });
  using apart = await openGpu({ kernels: { matmul: 'tile' } });
  const [a, b] = [await outcome(fused), await outcome(apart)];
  for (const [i, values] of a.entries()) expect(normalisedError(values, b[i]!)).toBeLessThan(1e-5);
});
