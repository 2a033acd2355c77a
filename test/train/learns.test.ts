/** All of training on the smallest model: a wrong gradient anywhere would keep it from learning. */
import { expect, it } from 'vitest';
import { figuresOf } from '../../src/eval/curve.js';
import { anomaly, textAnchors } from '../../src/model/anomaly.js';
import { inferConfig } from '../../src/model/config.js';
import { adaptedProjections } from '../../src/model/methods/aa_clip.js';
import { syntheticClip, TINY } from '../../src/model/synthetic.js';
import { encodeText, loadText } from '../../src/model/text.js';
import { loadVision } from '../../src/model/vision.js';
import { liveTensors, read, tidy } from '../../src/tensor/tensor.js';
import { prepareBatch } from '../../src/train/batch.js';
import type { RunState } from '../../src/train/checkpoint.js';
import { initialParameters, type Part } from '../../src/train/initial.js';
import { imageAdapterWeights, type Parameters, textAdapterWeights } from '../../src/train/parameters.js';
import { trainImage, trainText } from '../../src/train/stages.js';
import type { StepReport, TrainHost, TrainRun } from '../../src/train/training_run.js';
import { device } from '../devices.js';
import { drawSample, SIZE } from './pictures.js';
import { trainFlags } from './train_flags.js';

const FLAGS = trainFlags({ imageSize: SIZE, textEpochs: 2, imageEpochs: 12, textBatch: 6, imageBatch: 3 });

/** Ids of start, a few words and end. */
const prompts = (words: readonly number[][]): Uint32Array => {
  const ids = new Uint32Array(words.length * 77);
  for (const [i, w] of words.entries()) ids.set([49406, ...w, 49407], i * 77);
  return ids;
};

it('both stages lower their loss, and the map finds defects on unseen pictures', async () => {
  const gpu = await device();
  const before = liveTensors(gpu);
  const clip = syntheticClip(TINY, 3);
  const config = inferConfig(clip);
  const samples = Array.from({ length: 12 }, (_, i) => drawSample(i));
  const heldOut = Array.from({ length: 8 }, (_, i) => drawSample(100 + i));
  const reports: StepReport[] = [];
  const host: TrainHost = {
    batchesPerEpoch: (size) => Math.ceil(samples.length / size),
    async *batches(_stage, _epoch, size) {
      for (let i = 0; i < samples.length; i += size) yield samples.slice(i, i + size);
    },
    save: async () => 'memory',
    onStep: (r) => void reports.push(r),
    onEpoch: async () => undefined,
  };
  const tokens = {
    name: 'cloth',
    domain: 'Industrial' as const,
    normal: prompts([[320, 100], [100]]),
    abnormal: prompts([
      [5107, 100],
      [13568, 100],
    ]),
  };
  const run: TrainRun = { gpu, clip, config, flags: FLAGS, flagsText: '', classes: [tokens], host };

  /** Pixel AUROC of adapters on the held-out pictures. */
  const score = async (text: Parameters, image: Parameters): Promise<number> => {
    using textTower = await loadText(gpu, clip, config, FLAGS);
    using vision = await loadVision(gpu, clip, config, SIZE, FLAGS);
    const maps = tidy(() => {
      const ids = new Uint32Array([...tokens.normal, ...tokens.abnormal]);
      const anchors = textAnchors(encodeText(ids, textTower, textAdapterWeights(text)), [[2, 2]]);
      const still = heldOut.map(() => ({
        geometry: { rotate: 0, translate: [0, 0] as const, horizontalFlip: false, verticalFlip: false },
      }));
      const { images } = prepareBatch(gpu, heldOut, SIZE, still);
      return anomaly(adaptedProjections(images, vision, imageAdapterWeights(image)), anchors, SIZE, 'Industrial').map;
    });
    const values = await read(maps);
    maps.release();
    const labels = Uint8Array.from(heldOut.flatMap((s) => [...s.mask]));
    return figuresOf(values, labels).auroc!;
  };

  const start = (part: Part): RunState => ({ part, epoch: 0, batch: 0, step: 0, flags: '' });
  using text = initialParameters(gpu, config, 'text', FLAGS);
  using image = initialParameters(gpu, config, 'image', FLAGS);
  const untrained = await score(text, image);
  await trainText(run, text, start('text'));
  await trainImage(run, image, text, start('image'));
  const trained = await score(text, image);

  for (const stage of ['text', 'image'] as const) {
    const losses = reports.filter((r) => r.stage === stage).map((r) => r.loss);
    const mean = (part: number[]): number => part.reduce((a, b) => a + b, 0) / part.length;
    const third = Math.max(1, Math.floor(losses.length / 3));
    expect(mean(losses.slice(-third)), `${stage} loss`).toBeLessThan(mean(losses.slice(0, third)));
  }
  expect(untrained).toBeLessThan(0.75);
  expect(trained).toBeGreaterThan(0.9);
  expect(trained - untrained).toBeGreaterThan(0.2);
  for (const p of [text, image]) p[Symbol.dispose]();
  expect(liveTensors(gpu), 'tensors left behind').toBe(before);
});
