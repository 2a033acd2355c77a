import { expect, it } from 'vitest';
import { AnomalyModel } from '../../src/detect/anomaly_model.js';
import type { ClassTokens } from '../../src/detect/class_tokens.js';
import { readTorchArchive } from '../../src/io/torch_archive.js';
import { openCheckpoint } from '../../src/model/methods/all_methods.js';
import { syntheticAdapters, syntheticClip, TINY } from '../../src/model/synthetic.js';
import { liveTensors, read, type Tensor, upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { golden } from '../golden_files.js';
import { arr } from '../reference/arr.js';

const S = 56;

/** A prompt of start, a word and end. */
const prompt = (word: number): Uint32Array => {
  const ids = new Uint32Array(77);
  ids.set([49406, word, 49407]);
  return ids;
};

const classes: ClassTokens[] = [
  { name: 'a', domain: 'Industrial', normal: prompt(320), abnormal: prompt(5107) },
  { name: 'b', domain: 'Industrial', normal: prompt(100), abnormal: prompt(13568) },
  { name: 'scan', domain: 'Medical', normal: prompt(7), abnormal: prompt(9) },
];
const clip = syntheticClip(TINY, 3);
const text = syntheticAdapters(TINY, 5);

async function images(count: number): Promise<Tensor> {
  return upload(await device(), Float32Array.from(arr([count, 3, S, S], 'images', 1).data), [count, 3, S, S]);
}

async function outcome(detector: AnomalyModel, batch: Tensor, names: string | readonly string[]) {
  const { map, score } = detector.run(batch, names);
  const values = [await read(map), await read(score)] as const;
  map.release();
  score.release();
  return values;
}

it('replaced image adapters give the same as a fresh detector with them', async () => {
  const gpu = await device();
  const before = liveTensors(gpu);
  {
    using batch = await images(2);
    const load = (seed: number | undefined): Promise<AnomalyModel> => {
      const image = seed === undefined ? undefined : syntheticAdapters(TINY, seed);
      return AnomalyModel.load(gpu, {
        clip,
        classes,
        imageSize: S,
        adapters: { text, image },
        imageMix: 0.3,
        textMix: 0.2,
      });
    };
    using moved = await load(1);
    const seen: Float32Array[] = [];
    for (const seed of [2, undefined, 1]) {
      await moved.loadAdapters(seed === undefined ? undefined : { text, image: syntheticAdapters(TINY, seed) });
      using fresh = await load(seed);
      const got = await outcome(moved, batch, 'a');
      expect(got).toEqual(await outcome(fresh, batch, 'a'));
      seen.push(got[0]);
    }
    expect(seen[0]).not.toEqual(seen[1]);
    expect(seen[0]).not.toEqual(seen[2]);
  }
  expect(liveTensors(gpu), 'tensors left behind').toBe(before);
});

it('another checkpoint of learned prompts replaces the anchors, and one of another method is refused', async () => {
  const gpu = await device();
  const before = liveTensors(gpu);
  {
    using batch = await images(1);
    const file = (await readTorchArchive(golden('method.anomalyclip.tiny.pth'))).tensors;
    const learned = openCheckpoint(file);
    // The prompts change places.
    const swapped = openCheckpoint({
      ...file,
      read: (name) => file.read(name.replace(/(pos|neg)$/, (s) => (s === 'pos' ? 'neg' : 'pos'))),
    });
    const load = (adapters: typeof learned) => AnomalyModel.load(gpu, { clip, classes, imageSize: S, adapters });
    using model = await load(learned);
    const [first] = await outcome(model, batch, 'a');
    expect((await outcome(model, batch, 'b'))[0]).toEqual(first);
    await model.loadAdapters(swapped);
    const [second] = await outcome(model, batch, 'a');
    expect(Math.max(...first.map((v, i) => Math.abs(v + second[i]! - 1)))).toBeLessThan(1e-5);
    await expect(model.loadAdapters({ text, image: syntheticAdapters(TINY, 1) })).rejects.toThrow(
      'adapters: expected those of AnomalyCLIP, got AA-CLIP: load another model',
    );
    expect((await outcome(model, batch, 'a'))[0]).toEqual(second);
  }
  expect(liveTensors(gpu), 'tensors left behind').toBe(before);
});

it('the shares of both mixes have an effect', async () => {
  const gpu = await device();
  using batch = await images(1);
  const adapters = { text, image: syntheticAdapters(TINY, 1) };
  const maps: string[] = [];
  for (const mix of [{}, { textMix: 0.1, imageMix: 0.1 }, { textMix: 0.4 }, { imageMix: 0.4 }]) {
    using detector = await AnomalyModel.load(gpu, { clip, classes, imageSize: S, adapters, ...mix });
    maps.push(String((await outcome(detector, batch, 'a'))[0]));
  }
  expect(maps[0]).toBe(maps[1]);
  expect(new Set(maps).size).toBe(3);
});

it('a batch of several classes gives each picture the result of its own class', async () => {
  const gpu = await device();
  using batch = await images(3);
  using detector = await AnomalyModel.load(gpu, { clip, classes, imageSize: S, adapters: { text } });
  const [asA, scoreA] = await outcome(detector, batch, 'a');
  const [asB, scoreB] = await outcome(detector, batch, ['b', 'b', 'b']);
  const [mixed, scores] = await outcome(detector, batch, ['a', 'b', 'a']);
  const own = [asA, asB, asA].flatMap((m, i) => [...m.subarray(i * S * S, (i + 1) * S * S)]);
  const worst = own.reduce((most, v, i) => Math.max(most, Math.abs(v - mixed[i]!)), 0);
  expect(worst).toBeLessThan(1e-4);
  expect(scores[1]).toBeCloseTo(scoreB[1]!, 6);
  expect(scores[2]).toBeCloseTo(scoreA[2]!, 6);
  expect(asA).not.toEqual(asB);
});

it('a batch of both domains gives each picture the result of its own class', async () => {
  const gpu = await device();
  const before = liveTensors(gpu);
  {
    using batch = await images(3);
    using detector = await AnomalyModel.load(gpu, { clip, classes, imageSize: S, adapters: { text } });
    const names = ['scan', 'a', 'scan'];
    const [mixed, scores] = await outcome(detector, batch, names);
    for (const [i, name] of names.entries()) {
      const [alone, own] = await outcome(detector, batch, name);
      const part = (m: Float32Array): Float32Array => m.slice(i * S * S, (i + 1) * S * S);
      const far = part(alone).reduce((most, v, at) => Math.max(most, Math.abs(v - part(mixed)[at]!)), 0);
      expect(far, name).toBeLessThan(1e-5);
      expect(scores[i]).toBeCloseTo(own[i]!, 6);
      // The other domain smooths differently.
      const [other] = await outcome(detector, batch, name === 'a' ? 'scan' : 'a');
      expect(part(other)).not.toEqual(part(mixed));
    }
    expect(detector.domainOf('scan')).toBe('Medical');
  }
  expect(liveTensors(gpu), 'tensors left behind').toBe(before);
});

it('an interrupted load leaves no tensors behind', async () => {
  const gpu = await device();
  const before = liveTensors(gpu);
  for (const at of [0.2, 0.9]) {
    const onProgress = (share: number): void => {
      if (share > at) throw new Error('enough');
    };
    const load = AnomalyModel.load(gpu, { clip, classes, imageSize: S, adapters: { text, image: text }, onProgress });
    await expect(load).rejects.toThrow('enough');
  }
  expect(liveTensors(gpu), 'tensors left behind').toBe(before);
});

it('unknown classes and too few classes are refused', async () => {
  const gpu = await device();
  using batch = await images(2);
  using detector = await AnomalyModel.load(gpu, { clip, classes, imageSize: S });
  expect(() => detector.run(batch, 'c')).toThrow('detector: class "c" was not loaded: expected one of a, b, scan');
  expect(() => detector.run(batch, ['a'])).toThrow(/expected a class for each of 2 pictures, got 1/);
});

it('leaves nothing on the device when a tensor of the weights or the adapters cannot be read', async () => {
  const gpu = await device();
  const before = liveTensors(gpu);
  const image = syntheticAdapters(TINY, 1);
  const without = <T extends typeof clip>(tensors: T, name: string): T => ({
    ...tensors,
    read: async (n: string) => {
      if (n === name) throw new Error(`${n}: gone`);
      return tensors.read(n);
    },
  });
  for (const name of [
    'text_projection',
    'text_adapter.1.fc.0.weight',
    'visual.conv1.weight',
    'visual.proj',
    'image_adapter.det_proj.fc.weight',
  ]) {
    const adapters = { text: without(text, name), image: without(image, name) };
    // Two patches a side more than the weights were made for: the positional embedding is resized.
    const loading = AnomalyModel.load(gpu, {
      clip: without(clip, name),
      classes,
      imageSize: TINY.image + 2 * TINY.patch,
      adapters,
    });
    await expect(loading).rejects.toThrow(`${name}: gone`);
    expect(liveTensors(gpu), name).toBe(before);
  }
});

it('counts the operations of plain CLIP, whose two passes share their first blocks', async () => {
  const gpu = await device();
  const load = (image?: typeof text) =>
    AnomalyModel.load(gpu, { clip, classes, imageSize: S, adapters: { text, image } });
  using plain = await load();
  using adapted = await load(text);
  // Of four blocks one is shared and the last plain one computes little; V-V blocks save a sixth of their products.
  expect(plain.flopsPerImage / adapted.flopsPerImage).toBeGreaterThan(1.2);
  expect(plain.flopsPerImage / adapted.flopsPerImage).toBeLessThan(1.75);
});
