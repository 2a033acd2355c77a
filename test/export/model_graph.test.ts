/** Exported models in onnxruntime, compared with the engine. */

import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { constantBytes } from '../../src/export/onnx_file.js';
import type { AdapterTensors } from '../../src/io/adapter_names.js';
import { AA_CLIP } from '../../src/model/methods/aa_clip.js';
import { syntheticAdapters, TINY } from '../../src/model/synthetic.js';
import type { Picture } from '../../src/picture/picture.js';
import { preparePictures } from '../../src/picture/resize_picture.js';
import { read, type Tensor } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { drawSample } from '../train/pictures.js';
import { apart, describeHere, exportHere, openInOrt, runHere, runInOrt } from './exported.js';

const goldenPath = (name: string): string => fileURLToPath(new URL(`../goldens/${name}`, import.meta.url));

const KEYS = ['score', 'image_score', 'map'] as const;

const METHODS = {
  'AA-CLIP': { weights: 'tiny', adapters: 'tiny' },
  'plain CLIP': { weights: 'tiny' },
  'APRIL-GAN': { weights: 'synthetic:tiny', adapters: goldenPath('method.april_gan.tiny.pth') },
  AnomalyCLIP: { weights: 'synthetic:tiny', adapters: goldenPath('method.anomalyclip.tiny.pth') },
};

/** Adapters whose projections have an activation: their names say so. */
function reluNames(view: AdapterTensors): AdapterTensors {
  const own = (name: string): string => name.replace(/((?:seg_proj\.\d+|det_proj)\.fc)\.0\./, '$1.');
  const shown = (name: string): string => name.replace(/((?:seg_proj\.\d+|det_proj)\.fc)\./, '$1.0.');
  return {
    ...view,
    names: view.names.map(shown),
    has: (name) => view.has(own(name)),
    shape: (name) => view.shape(own(name)),
    dtype: (name) => view.dtype(own(name)),
    read: (name) => view.read(own(name)),
    readF32: (name) => view.readF32(own(name)),
  };
}

/** Prepared pictures [B, 3, S, S], in memory and on the device. */
async function prepared(count: number, size: number): Promise<{ data: Float32Array; dims: number[]; images: Tensor }> {
  const pictures = Array.from({ length: count }, (_, i) => drawSample(i + 1).picture);
  const images = preparePictures(await device(), pictures, size);
  return { data: await read(images), dims: [count, 3, size, size], images };
}

it.each(Object.entries(METHODS))(
  '%s: scores and maps as ours, at two sizes, one by one and in a batch',
  async (_, sources) => {
    for (const size of [56, 84]) {
      const described = await describeHere({ ...sources, classes: ['screw'], imageSize: size });
      const session = await openInOrt(await exportHere(described));
      const { data, dims, images } = await prepared(3, size);
      const want = await runHere(described, images, ['screw', 'screw', 'screw']);
      images.release();
      const got = await runInOrt(session, { data, dims });
      for (const key of KEYS) expect(apart(got[key], want[key]), `${key} at ${size} px`).toBeLessThan(1e-5);
      const one = 3 * size * size;
      const alone = await runInOrt(session, { data: data.subarray(one, 2 * one), dims: [1, 3, size, size] });
      for (const key of KEYS) {
        const own = want[key].length / 3;
        expect(apart(alone[key], want[key].subarray(own, 2 * own)), `${key} alone at ${size} px`).toBeLessThan(1e-5);
      }
      await session.release();
    }
  },
);

it('matrices in f16 change little, and take half the space', async () => {
  const described = await describeHere({
    weights: 'synthetic:tiny',
    adapters: 'synthetic',
    classes: ['screw'],
    imageSize: 56,
  });
  const { settings } = described;
  const model = await exportHere({ ...described, settings: { ...settings, precision: 'f16' } });
  const whole = await exportHere(described);
  expect(constantBytes(model.graph) / constantBytes(whole.graph)).toBeLessThan(0.56);
  const session = await openInOrt(model);
  const { data, dims, images } = await prepared(3, 56);
  const want = await runHere(described, images, ['screw', 'screw', 'screw']);
  images.release();
  const got = await runInOrt(session, { data, dims });
  for (const key of KEYS) {
    expect(apart(got[key], want[key]), key).toBeLessThan(2e-3);
  }
  // The adapters are no numbers of f16.
  expect(apart(got.map, want.map)).toBeGreaterThan(1e-5);
  await session.release();
});

it('several classes of both domains share a model, which takes pictures of any size', async () => {
  const classes = [{ name: 'screw' }, { name: 'brain', domain: 'Medical' as const }, { name: 'cable' }];
  const described = await describeHere({ ...METHODS['AA-CLIP'], classes, imageSize: 84, imageMix: 0.3 });
  const session = await openInOrt(await exportHere(described, { input: 'pictures' }));
  const pictures = [1, 2, 3].map((i) => drawSample(i).picture);
  const [{ width, height }] = pictures as [Picture, ...Picture[]];
  const data = Uint8Array.from(pictures.flatMap((p) => [...p.data]));
  using images = preparePictures(await device(), pictures, 84);
  const want = await runHere(described, images, ['brain', 'screw', 'cable']);
  const got = await runInOrt(session, { data, dims: [3, height, width, 3] }, [1, 0, 2]);
  // A value of the resized picture may be another level.
  for (const key of KEYS) expect(apart(got[key], want[key]), key).toBeLessThan(1e-4);
  const others = await runInOrt(session, { data, dims: [3, height, width, 3] }, [0, 0, 0]);
  expect(apart(others.map, want.map)).toBeGreaterThan(1e-2);
  expect(apart(others.map.subarray(84 * 84, 2 * 84 * 84), want.map.subarray(84 * 84, 2 * 84 * 84))).toBeLessThan(1e-4);
  await session.release();
});

it('levels before the fork, adapters of a published checkpoint, and weights that no output needs', async () => {
  const paths = await describeHere({ ...METHODS.AnomalyCLIP, classes: ['screw'], imageSize: 56, levels: [1, 3] });
  const relu = { ...syntheticAdapters(TINY, 4), relu: true };
  const renamed = reluNames(relu);
  const described = await describeHere({ weights: 'synthetic:tiny', classes: ['screw'], imageSize: 56 });
  const adapters = { text: renamed, image: renamed, method: AA_CLIP, trained: {} };
  const published = { ...described, adapters, method: AA_CLIP, settings: { ...described.settings, textMix: 0.2 } };
  const { data, dims, images } = await prepared(3, 56);
  for (const one of [paths, published]) {
    const model = await exportHere(one);
    const session = await openInOrt(model);
    const want = await runHere(one, images, ['screw', 'screw', 'screw']);
    const got = await runInOrt(session, { data, dims });
    for (const key of KEYS) expect(apart(got[key], want[key]), key).toBeLessThan(1e-5);
    await session.release();
    const names = model.graph.constants.map(({ name }) => name);
    expect(names.filter((n) => !n.startsWith('visual') && /resblocks|token_embedding/.test(n))).toEqual([]);
    expect(names).toContain('visual.transformer.resblocks.3.mlp.c_fc.weight');
  }
  images.release();
});
