/** The maps of single levels, by every method. */
import { describe, expect, it } from 'vitest';
import { AnomalyModel, type ModelAdapters } from '../../src/detect/anomaly_model.js';
import type { ClassTokens } from '../../src/detect/class_tokens.js';
import { DecisionRules } from '../../src/detect/decision_rules.js';
import { detectionOf } from '../../src/detect/detection.js';
import { levelMaps } from '../../src/detect/level_maps.js';
import { scorePictures } from '../../src/detect/picture_batch.js';
import type { ClipTensors } from '../../src/io/clip_names.js';
import { readTorchArchive } from '../../src/io/torch_archive.js';
import { openCheckpoint } from '../../src/model/methods/all_methods.js';
import { syntheticAdapters, syntheticClip, TINY } from '../../src/model/synthetic.js';
import { liveTensors } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { golden } from '../golden_files.js';
import { drawSample } from '../train/pictures.js';

const prompt = (word: number): Uint32Array => Uint32Array.from({ length: 77 }, (_, i) => [49406, word, 49407][i] ?? 0);
const classes: ClassTokens[] = [
  { name: 'part', domain: 'Industrial', normal: prompt(320), abnormal: prompt(5107) },
  { name: 'scan', domain: 'Medical', normal: prompt(7), abnormal: prompt(9) },
];
const KNOWN = { index: 0, imageScore: 0.5, ms: 1 } as const;
const checkpoint = async (name: string): Promise<ModelAdapters> =>
  openCheckpoint((await readTorchArchive(golden(name))).tensors);

const METHODS: readonly (readonly [string, () => ModelAdapters | Promise<ModelAdapters>])[] = [
  ['AA-CLIP', () => ({ text: syntheticAdapters(TINY, 5), image: syntheticAdapters(TINY, 6) })],
  ['plain CLIP', () => ({})],
  ['APRIL-GAN', () => checkpoint('method.april_gan.tiny.pth')],
  ['AnomalyCLIP', () => checkpoint('method.anomalyclip.tiny.pth')],
];

/** The first weights, with the last block of the image tower from the second. */
function withLastBlock(clip: ClipTensors, other: ClipTensors): ClipTensors {
  const from = (name: string): ClipTensors => (name.startsWith('visual.transformer.resblocks.3.') ? other : clip);
  return { ...clip, read: (name) => from(name).read(name), readF32: (name) => from(name).readF32(name) };
}

describe.each(METHODS)('the levels of %s', (_, adapters) => {
  it.each(['part', 'scan'])('add up to the published sum of a %s, and differ from each other', async (name) => {
    const gpu = await device();
    const options = { clip: syntheticClip(TINY, 3), classes, adapters: await adapters(), imageSize: 56 };
    using model = await AnomalyModel.load(gpu, { ...options, levels: [1, 2, 3, 4] });
    const { picture } = drawSample(1);
    const decisions = new DecisionRules(model.scoring);
    const detector = { model, decisions };
    await levelMaps(detector, picture, name); // tables that stay on the device are made
    const before = liveTensors(gpu);
    const levels = await levelMaps(detector, picture, name);
    expect(liveTensors(gpu)).toBe(before);
    expect(levels.map(({ block }) => block)).toEqual([1, 2, 3, 4]);
    const [sum] = (await scorePictures(model, [picture], name)).sums;
    for (const [i, total] of sum!.data.entries()) {
      const parts = levels.map(({ summand }) => summand.data[i]!);
      expect(Math.abs(parts.reduce((a, b) => a + b) - total)).toBeLessThan(2e-5);
    }
    for (const { summand, scaled } of levels) {
      // As if the sum were this level, as often as there are levels.
      const same = { ...summand, data: summand.data.map((v) => 4 * v) };
      const found = detectionOf(
        picture,
        same,
        model,
        { ...KNOWN, className: name, domain: model.domainOf(name) },
        decisions,
      );
      expect(scaled).toEqual(found.decision.map());
    }
    const spread = (k: number): number =>
      Math.max(...levels[k]!.summand.data.map((v, i) => Math.abs(v - levels[0]!.summand.data[i]!)));
    for (const k of [1, 2, 3]) expect(spread(k)).toBeGreaterThan(1e-3);
  });

  it('are in the order of their blocks: another last block changes the last one alone', async () => {
    const gpu = await device();
    const clip = syntheticClip(TINY, 3);
    const { picture } = drawSample(1);
    const mapsOf = async (weights: ClipTensors) => {
      const options = { clip: weights, classes, adapters: await adapters(), imageSize: 56, levels: [1, 2, 3, 4] };
      using model = await AnomalyModel.load(gpu, options);
      const levels = await levelMaps({ model, decisions: new DecisionRules(model.scoring) }, picture, 'part');
      return levels.map(({ summand }) => summand.data);
    };
    const [before, after] = [await mapsOf(clip), await mapsOf(withLastBlock(clip, syntheticClip(TINY, 4)))];
    expect(after.slice(0, 3)).toEqual(before.slice(0, 3));
    expect(after[3]).not.toEqual(before[3]);
  });
});
