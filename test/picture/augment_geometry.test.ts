import { describe, expect, test } from 'vitest';
import { openSafetensors } from '../../src/io/safetensors.js';
import { bytesSource } from '../../src/io/source.js';
import { augmentGeometry, type Geometry, STILL } from '../../src/picture/augment_geometry.js';
import { liveTensors, read, readWords, tidy, upload } from '../../src/tensor/tensor.js';
import { geometryCase } from '../../src/verify/augment_cases.js';
import { type CaseContext, compare, type GoldenFolder } from '../../src/verify/case.js';
import { device } from '../devices.js';
import { goldenBytes } from '../golden_files.js';
import { poison } from '../poison.js';
import { arr } from '../reference/arr.js';
import { geometryReference } from '../reference/augment.js';

async function run(shape: readonly [number, number, number], geometry: readonly Geometry[]) {
  const gpu = await device();
  const live = liveTensors(gpu);
  poison(gpu, true);
  try {
    const batch = [geometry.length, ...shape];
    const { data } = arr(batch, `geometry ${batch}`, 1, 3);
    const y = tidy(() => augmentGeometry(upload(gpu, Float32Array.from(data), batch), geometry));
    const got = await read(y);
    y.release();
    expect(liveTensors(gpu)).toBe(live);
    const size = data.length / geometry.length;
    return geometry.map((g, i) => ({
      x: data.subarray(i * size, (i + 1) * size),
      got: got.subarray(i * size, (i + 1) * size),
      want: geometryReference(data.subarray(i * size, (i + 1) * size), shape, g),
    }));
  } finally {
    poison(gpu, false);
  }
}

describe('turning, shifting and mirroring', () => {
  test('matches torchvision', async () => {
    const file = await openSafetensors(
      bytesSource('augment.geometry.safetensors', goldenBytes('augment.geometry.safetensors')),
    );
    const context: CaseContext = { gpu: await device(), folder: {} as GoldenFolder, file, precision: 'f32' };
    const reports = [];
    for await (const c of geometryCase(context)) reports.push(compare(c));
    expect(reports).toHaveLength(8);
    expect(reports.filter((r) => !r.pass)).toEqual([]);
    expect(reports.filter((r) => r.differing?.bound === 1e-3)).toHaveLength(6);
  });

  test.each([
    [1, 1, 1],
    [4, 7, 7],
    [2, 31, 64],
    [1, 65, 13],
  ] as const)(
    'of a batch [.., %i, %i, %i] does each step after the other, for each picture its own',
    async (...shape) => {
      const geometry: Geometry[] = [
        STILL,
        { ...STILL, rotate: 17.3, translate: [3, -2] },
        { rotate: -28.9, translate: [-4, 5], horizontalFlip: true, verticalFlip: false },
        { rotate: 143.7, translate: [1, 1], horizontalFlip: true, verticalFlip: true },
        { ...STILL, translate: [1000, 0], verticalFlip: true },
        { ...STILL, rotate: -88.7 },
      ];
      for (const [i, { x, got, want }] of (await run(shape, geometry)).entries()) {
        expect(got, `sample ${i}`).toEqual(Float32Array.from(want));
        if (i === 0) expect(got).toEqual(Float32Array.from(x));
      }
    },
  );

  test('keeps whole numbers as they are and large pictures in their place', async () => {
    const gpu = await device();
    const words = Uint32Array.from({ length: 1400 * 3 }, (_, i) => 0xffff0000 + i);
    const y = tidy(() => augmentGeometry(upload(gpu, words, [1, 1, 3, 1400]), [{ ...STILL, horizontalFlip: true }]));
    expect(y.dtype).toBe('u32');
    const got = await readWords(y);
    y.release();
    expect(got).toEqual(words.map((_, i) => words[i - (i % 1400) + 1399 - (i % 1400)]!));
  });

  test('refuses parameters that do not fit', async () => {
    const gpu = await device();
    const x = upload(gpu, new Float32Array(16), [1, 1, 4, 4]);
    expect(() => augmentGeometry(x, [])).toThrow(
      'augment_geometry: expected [B, C, H, W] with parameters for each picture, got [1, 1, 4, 4] and 0',
    );
    for (const wrong of [{ rotate: Number.NaN }, { translate: [0.5, 0] as const }]) {
      expect(() => augmentGeometry(x, [{ ...STILL, ...wrong }])).toThrow(/sample 0: expected an angle in degrees/);
    }
    x.release();
  });
});
