/** Checkpoints of ours and of the published program. */
import { expect, it } from 'vitest';
import { trainedWith } from '../../src/detect/trained_with.js';
import { openSafetensors } from '../../src/io/safetensors.js';
import { bytesSource } from '../../src/io/source.js';
import { readTorchArchive } from '../../src/io/torch_archive.js';
import { TINY } from '../../src/model/synthetic.js';
import { read, upload } from '../../src/tensor/tensor.js';
import {
  encodeCheckpoint,
  encodeTorchCheckpoint,
  NotFiniteError,
  type RunState,
  restoreCheckpoint,
} from '../../src/train/checkpoint.js';
import { initialParameters } from '../../src/train/initial.js';
import { multiStepRate } from '../../src/train/schedule.js';
import { device } from '../devices.js';
import { golden, joined } from '../golden_files.js';

const SHAPE = { textUntil: 3, imageUntil: 2, relu: false };
const STATE: RunState = { part: 'image', epoch: 2, batch: 3, step: 41, flags: '{"seed":1}', scores: '{"Medical":1}' };

it('a published .pth resumes: weights, moments, epoch and step', async () => {
  const gpu = await device();
  const { root, tensors } = await readTorchArchive(golden('text_adapter.tiny.pth'));
  const { parameters, state } = await restoreCheckpoint(gpu, tensors, 'text', root);
  using all = parameters;
  expect(state).toMatchObject({ part: 'text', epoch: 3, batch: 0, step: 1 });
  expect(all.step).toBe(1);
  expect(all.all.map((p) => p.name)).toEqual([0, 1, 2, 3].map((i) => `text_adapter.${i}.fc.0.weight`));
  const expected = await openSafetensors(golden('pth.text_adapter.tiny.safetensors'));
  expect(await read(all.weight('text_adapter.1.fc.0.weight'))).toEqual(await expected.readF32('1.fc.0.weight'));
  // The file's one step was taken on a sum of squares with betas 0.5 and 0.999: moments follow from the gradient 2 w.
  const [m, v] = [await read(all.all[0]!.m), await read(all.all[0]!.v)];
  for (const [i, value] of m.entries()) expect(v[i]!).toBeCloseTo(0.001 * (2 * value) ** 2, 9);
});

it('a written checkpoint reads back the same, in both formats', async () => {
  const gpu = await device();
  using p = initialParameters(gpu, TINY, 'image', { shape: SHAPE, seed: 9 });
  p.step = 41;
  const weight = await read(p.all[0]!.weight);
  const own = await openSafetensors(bytesSource('own', await joined(await encodeCheckpoint(p, STATE))));
  const torch = await readTorchArchive(bytesSource('torch', await joined(await encodeTorchCheckpoint(p, STATE, 1e-3))));
  for (const restored of [
    await restoreCheckpoint(gpu, own, 'image'),
    await restoreCheckpoint(gpu, torch.tensors, 'image', torch.root),
  ]) {
    using q = restored.parameters;
    expect(q.step).toBe(41);
    expect(restored.state).toEqual(STATE);
    expect(q.all.map((x) => x.name).sort()).toEqual(p.all.map((x) => x.name).sort());
    expect(await read(q.weight(p.all[0]!.name))).toEqual(weight);
  }
});

it('detectors find settings and scores in both formats', async () => {
  const gpu = await device();
  using p = initialParameters(gpu, TINY, 'image', { shape: SHAPE, seed: 9 });
  const spread = { good: Array(9).fill(-2), faulty: Array(9).fill(1), threshold: -0.5 };
  const scores = { Industrial: { pictures: { good: 1, faulty: 2 }, score: spread, peak: spread } };
  const state: RunState = { ...STATE, flags: '{"imageSize":56}', scores: JSON.stringify(scores) };
  const own = await openSafetensors(bytesSource('own', await joined(await encodeCheckpoint(p, state))));
  const torch = await readTorchArchive(bytesSource('torch', await joined(await encodeTorchCheckpoint(p, state, 1e-3))));
  for (const { metadata } of [own, torch.tensors]) expect(trainedWith(metadata)).toEqual({ imageSize: 56, scores });
});

it('a weight that is not a number is never written', async () => {
  const gpu = await device();
  using p = initialParameters(gpu, TINY, 'text', { shape: SHAPE, seed: 9 });
  const broken = { ...p.all[0]!, weight: upload(gpu, new Float32Array(64 * 64).fill(Number.NaN), [64, 64]) };
  const bad = Object.assign(Object.create(Object.getPrototypeOf(p)) as typeof p, p, { all: [broken] });
  await expect(encodeCheckpoint(bad, { ...STATE, part: 'text' })).rejects.toThrow(NotFiniteError);
  broken.weight.release();
});

it('initial weights keep to the Xavier bounds, with a separate random stream for every tensor', async () => {
  const gpu = await device();
  using p = initialParameters(gpu, TINY, 'text', { shape: SHAPE, seed: 9 });
  using q = initialParameters(gpu, TINY, 'text', { shape: SHAPE, seed: 10 });
  const [a, b] = [await read(p.all[0]!.weight), await read(p.all[1]!.weight)];
  const bound = Math.sqrt(6 / 128);
  const largest = a.reduce((m, x) => Math.max(m, Math.abs(x)), 0);
  expect(largest).toBeLessThanOrEqual(bound);
  expect(largest).toBeGreaterThan(0.99 * bound);
  expect(a).not.toEqual(b);
  expect(a).not.toEqual(await read(q.all[0]!.weight));
});

it('the rate halves at every milestone, counted in steps', () => {
  expect([0, 15999, 16000, 31999, 32000].map((s) => multiStepRate(8, s, [16000, 32000], 0.5))).toEqual([8, 8, 4, 4, 2]);
});

it("projections may start from CLIP's own, transposed; the rest stays random", async () => {
  const gpu = await device();
  for (const part of ['image', 'text'] as const) {
    const [w, e] = [part === 'image' ? TINY.visionWidth : TINY.textWidth, TINY.embed];
    const projection = Float32Array.from({ length: w * e }, (_, i) => Math.sin(i));
    const turned = Float32Array.from({ length: e * w }, (_, j) => projection[(j % w) * e + Math.trunc(j / w)]!);
    for (const relu of [false, true]) {
      using p = initialParameters(gpu, TINY, part, { shape: { ...SHAPE, relu }, seed: 9 });
      using q = initialParameters(gpu, TINY, part, { shape: { ...SHAPE, relu }, seed: 9, projection });
      const fromClip = [];
      for (const [i, { name, weight }] of q.all.entries()) {
        const [got, random] = [await read(weight), await read(p.all[i]!.weight)];
        if (got.every((v, j) => v === random[j])) continue;
        expect(got, name).toEqual(turned);
        fromClip.push(name.replace(/\.fc.*/, ''));
      }
      const levels = TINY.levels.map((_, i) => `image_adapter.seg_proj.${i}`);
      expect(fromClip.sort()).toEqual(part === 'text' ? ['text_adapter.3'] : ['image_adapter.det_proj', ...levels]);
    }
  }
});
