/** A training and a calibration asked of the worker of a page, in any browser, and the same in Node. */
import { expect } from 'vitest';
import { calibrate } from '../../src/calibrate/calibrate.js';
import { encodePng } from '../../src/node/encode_png.js';
import { loadDetector, train } from '../../src/node/node_library.js';
import { adapterSettings, trainDefaults } from '../../src/web/training_defaults.js';
import { goodPictures } from '../calibrate/good_pictures.js';
import { device } from '../devices.js';
import { drawSample, SIZE } from '../train/pictures.js';

const packaged = { kind: 'packaged' } as const;
/** Two steps of each stage. */
const settings = {
  ...trainDefaults(packaged),
  ...{ imageSize: 112, textEpochs: 1, imageEpochs: 1, textBatch: 2, imageBatch: 2 },
};
const drawn = [0, 1, 2, 3].map((i) => {
  const { picture, mask, label } = drawSample(i);
  const png = Buffer.from(encodePng(SIZE, SIZE, picture.data));
  return { name: `${i}.png`, png, label, mask: label === 1 ? { width: SIZE, height: SIZE, data: mask } : undefined };
});
const GOOD = 8;
const good = goodPictures('tile', 112, 1, GOOD).map(({ data }) => Buffer.from(encodePng(112, 112, data as Uint8Array)));

/** A helper of the scripts below: asks the worker beside the page. */
const ASK = `
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  const base64 = async (file) => {
    let text = '';
    for (const byte of new Uint8Array(await file.arrayBuffer())) text += String.fromCharCode(byte);
    return btoa(text);
  };
  const ask = (request, onStep) => new Promise((done, fail) => {
    const id = Math.floor(1e6 + 1e6 * Math.random());
    theWorker.addEventListener('message', ({ data }) => {
      if (data.id !== id) return;
      if (data.kind === 'step') onStep?.(data.step);
      if (data.kind === 'done') done(data.result);
      if (data.kind === 'failed') fail(new Error(data.failure.message));
    });
    theWorker.postMessage({ kind: 'job', id, request });
  });`;

/** What `TRAIN` gives. */
export interface TrainedInPage {
  readonly losses: readonly number[];
  readonly text: string;
  readonly image: string;
  /** Of the second picture, by the new adapters. */
  readonly score: number;
}

/** Trains, and scores a picture with the new adapters; to be run in the page. */
export const TRAIN = `(async () => {${ASK}
  const given = ${JSON.stringify(drawn.map(({ png, mask, ...rest }) => ({ ...rest, png: png.toString('base64'), mask: mask && Buffer.from(mask.data).toString('base64') })))};
  const samples = given.map(({ name, label, png, mask }) => ({
    name, label, className: 'tile', picture: new Blob([bytes(png)]),
    mask: mask && { width: ${SIZE}, height: ${SIZE}, data: bytes(mask) },
  }));
  const losses = [];
  const model = { kind: 'packaged' };
  const request = { kind: 'train', model, samples, settings: ${JSON.stringify(settings)}, orient: false, resume: false };
  const { text, image } = await ask(request, ({ loss }) => losses.push(loss));
  const use = { model: { kind: 'packaged', adapters: [text, image] }, className: 'tile', imageSize: 112 };
  const { score } = await ask({ kind: 'score', ...use, picture: samples[1].picture, name: 'a.png', orient: false });
  return { losses, text: await base64(text), image: await base64(image), score };
})()`;

/** Compares a training in the page with Node's: losses, and the score of the page's adapters when Node loads them. */
export async function expectTrained({ losses, text, image, score }: TrainedInPage): Promise<void> {
  const samples = drawn.map(({ png, name: _, label, mask }) => ({ picture: png, label, mask, className: 'tile' }));
  const own: number[] = [];
  const options = { weights: 'tiny', gpu: await device(), samples, ...adapterSettings(packaged), ...settings };
  for await (const step of train(options)) own.push(step.loss);
  expect(losses).toHaveLength(4);
  for (const [i, loss] of own.entries()) expect(Math.abs(losses[i]! / loss - 1), `step ${i + 1}`).toBeLessThan(1e-5);
  const adapters = { text: Buffer.from(text, 'base64'), image: Buffer.from(image, 'base64') };
  const use = { weights: 'tiny', adapters, classes: ['tile'], imageSize: 112, gpu: await device() };
  using detector = await loadDetector(use);
  for await (const found of detector.detect(drawn[1]!.png, 'tile')) {
    expect(Math.abs(score / found.score - 1)).toBeLessThan(1e-5);
  }
}

/** Calibrates with good pictures; to be run in the page. */
export const CALIBRATE = `(async () => {${ASK}
  const good = ${JSON.stringify(good.map((png) => png.toString('base64')))}
    .map((png, i) => ({ name: i + '.png', file: new Blob([bytes(png)]) }));
  const use = { model: { kind: 'packaged' }, className: 'tile', imageSize: 112 };
  const { scale } = await ask({ kind: 'calibrate', ...use, good, falseAlarms: 0.01, orient: false });
  return scale;
})()`;

/** Compares the scale of a calibration in the page with Node's. */
export async function expectCalibrated(
  scale: Readonly<Record<'good' | 'threshold' | 'faulty', number>>,
): Promise<void> {
  const use = { weights: 'tiny', adapters: 'tiny', classes: ['tile'], imageSize: 112, gpu: await device() };
  using detector = await loadDetector(use);
  const { calibration } = await calibrate(detector, 'tile', good);
  for (const key of ['good', 'threshold', 'faulty'] as const) {
    expect(Math.abs(scale[key] / calibration.scale[key] - 1), key).toBeLessThan(1e-5);
  }
}
