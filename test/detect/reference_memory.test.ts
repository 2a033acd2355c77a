/** What references take of the device's memory at the published size: themselves, and little more. */
import { describe, expect, it } from 'vitest';
import { AnomalyModel } from '../../src/detect/anomaly_model.js';
import { scorePictures } from '../../src/detect/picture_batch.js';
import { References } from '../../src/detect/references.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { clipShapes, shapesOnly } from '../../src/io/shapes_only.js';
import { syntheticAdapters, syntheticClip, VIT_L_14_336 } from '../../src/model/synthetic.js';
import { empty, tidy } from '../../src/tensor/tensor.js';
import { graphicsCard, promptsOf } from '../counting.js';
import { device } from '../devices.js';

const SIZE = 518;
const PATCHES = 37 * 37;

/** Bytes that a pass of one picture takes beyond what is loaded, from a pool without free buffers. */
async function passBytes(gpu: Gpu, model: AnomalyModel): Promise<number> {
  const picture = { width: 600, height: 600, data: new Uint8Array(3 * 600 * 600) };
  gpu.trim();
  const loaded = gpu.pool.allocated;
  gpu.pool.peak = loaded;
  for (let i = 0; i < 2; i++) await scorePictures(model, [picture], 'nut');
  return gpu.pool.peak - loaded;
}

describe('8 references of ViT-L/14 at 518 px', () => {
  it.each([
    ['this adapter', (real: Gpu) => real.counting()],
    ['a graphics card', graphicsCard],
  ] as const)('on %s take no more than themselves and a tenth', async (_, counting) => {
    using gpu = counting(await device());
    const shapes = shapesOnly(syntheticAdapters(VIT_L_14_336, 2), { dtype: 'F16' });
    using model = await AnomalyModel.load(gpu, {
      clip: clipShapes(syntheticClip(VIT_L_14_336, 1, true), 'F16'),
      adapters: { text: shapes, image: shapes },
      classes: [promptsOf('nut')],
      imageSize: SIZE,
    });
    const without = await passBytes(gpu, model);
    const rows = (): [number, ReturnType<typeof empty>[]][] =>
      model.config.levels.map((_, level) => [level, [empty(gpu, [8 * PATCHES, VIT_L_14_336.visionWidth])]]);
    const references = tidy(() => References.of(new Map(rows()), true));
    // In f16, and a buffer is at most a thirty-second too large.
    const values = 2 * model.levels * 8 * PATCHES * VIT_L_14_336.visionWidth;
    expect(references.bytes / values).toBeGreaterThanOrEqual(1);
    expect(references.bytes / values).toBeLessThan(1.04);
    model.setReferences('nut', references);
    const beyond = (await passBytes(gpu, model)) - without;
    expect(beyond / references.bytes).toBeLessThan(0.1);
  });
});
