/** Exported models in onnxruntime, compared with the engine. */

import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
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
