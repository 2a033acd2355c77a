import { expect, it } from 'vitest';
import { AnomalyModel } from '../../src/detect/anomaly_model.js';
import { syntheticAdapters, syntheticClip, TINY } from '../../src/model/synthetic.js';
import { openGpu } from '../../src/node/device.js';
import { read, upload } from '../../src/tensor/tensor.js';

it('a loaded model has compiled every kernel a picture needs', async () => {
  using gpu = await openGpu();
  const prompt = new Uint32Array(77);
  prompt.set([49406, 320, 49407]);
  const adapters = { text: syntheticAdapters(TINY, 5), image: syntheticAdapters(TINY, 6) };
  const classes = [{ name: 'a', domain: 'Industrial', normal: prompt, abnormal: prompt }] as const;
  using model = await AnomalyModel.load(gpu, { clip: syntheticClip(TINY, 3), classes, imageSize: 56, adapters });
  const compiled = gpu.kernels.labels;
  using image = upload(gpu, new Float32Array(3 * 56 * 56).fill(0.5), [1, 3, 56, 56]);
  const { map, score } = model.run(image, 'a');
  expect((await read(map)).every(Number.isFinite)).toBe(true);
  expect((await read(score)).length).toBe(1);
  expect(gpu.kernels.labels).toEqual(compiled);
  map.release();
  score.release();
});
