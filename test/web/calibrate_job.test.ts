/** Calibrations of a page, run in Node: what they decide, and what becomes of them when the model changes. */
import { describe, expect, it } from 'vitest';
import { calibrate } from '../../src/calibrate/calibrate.js';
import { calibrationFile } from '../../src/detect/calibration.js';
import { encodePng } from '../../src/node/encode_png.js';
import { loadDetector, NODE_LIBRARY } from '../../src/node/node_library.js';
import { Engine } from '../../src/web/engine.js';
import type { EngineRequest, EngineResults, Failure, FromEngine } from '../../src/web/engine_messages.js';
import { goodPictures } from '../calibrate/good_pictures.js';
import { device } from '../devices.js';
import { NOTHING_KEPT } from './nothing_kept.js';

const SIZE = 112;
const files = goodPictures('tile', SIZE, 1, 8).map(({ name, data }) => {
  return { name: `${name}.png`, file: new Blob([new Uint8Array(encodePng(SIZE, SIZE, data as Uint8Array))]) };
});
const use = { model: { kind: 'packaged' }, className: 'tile', imageSize: SIZE } as const;
const job = { kind: 'calibrate', ...use, good: files, falseAlarms: 0.01, orient: false } as const;

const messages: FromEngine[] = [];
let number = 0;
const host = { ...NODE_LIBRARY, openDevice: () => device(), anchors: undefined };
const engine = new Engine(host, NOTHING_KEPT, (message) => messages.push(message));

async function ended(request: EngineRequest): Promise<FromEngine> {
  const id = ++number;
  await engine.receive({ kind: 'job', id, request });
  return messages.find((m) => m.id === id && (m.kind === 'done' || m.kind === 'failed'))!;
}
async function ask<K extends EngineRequest['kind']>(request: Extract<EngineRequest, { kind: K }>) {
  const end = await ended(request);
  if (end.kind !== 'done') throw new Error(JSON.stringify(end));
  return end.result as EngineResults[K];
}
async function failure(request: EngineRequest): Promise<Failure> {
  const end = await ended(request);
  if (end.kind !== 'failed') throw new Error('expected the job to fail');
  return end.failure;
}
const score = async (change: { className?: string; imageSize?: number } = {}) =>
  (await ask({ kind: 'score', ...use, picture: files[0]!.file, name: 'a.png', orient: false, ...change })).decision;

describe('a calibration of the page', () => {
  it('is that of the library, decides at once, and outlives a change of the class', async () => {
    const before = await score();
    const report = await ask(job);
    const options = { weights: 'tiny', adapters: 'tiny', classes: ['tile'], imageSize: SIZE, gpu: await device() };
    using detector = await loadDetector(options);
    const named = files.map(({ name, file }) => new File([file], name));
    const ours = await calibrate(detector, 'tile', named);
    expect(report.scale).toEqual(ours.calibration.scale);
    expect(report.rule).toEqual(ours.calibration.rule);
    expect(report.pictures).toEqual({ good: ours.good, bad: [] });
    expect(report.fileName).toBe(calibrationFile('tile'));
    const saved = await detector.openCalibration(report.file);
    expect(saved).toEqual(ours.calibration);
    expect(before.source).not.toBe('calibration');
    expect((await score()).source).toBe('calibration');
    expect((await score({ className: 'fabric' })).source).not.toBe('calibration');
    expect((await score()).rule).toBe(report.words);
    const shares = messages.flatMap((m) => (m.kind === 'progress' && m.stage === 'calibrate' ? [m.share] : []));
    expect(shares).toEqual([...shares].sort((a, b) => a! - b!));
    expect(shares.at(-1)).toBe(1);
  });

  it('takes another threshold without a picture being scored', async () => {
    const { file, pictures, scale } = await ask(job);
    const change = { kind: 'chooseThreshold', calibration: file, ...pictures, falseAlarms: 3 / 9 } as const;
    const changed = await ask(change);
    const peaks = pictures.good.map(({ value }) => value).sort((a, b) => b - a);
    expect(changed.rule).toMatchObject({ kind: 'false_alarms', kept: true, expected: 3 / 9 });
    expect(pictures.good.filter(({ value }) => value >= changed.scale.threshold)).toHaveLength(2);
    expect(changed.scale.threshold).toBeGreaterThan(peaks[2]!);
    expect(changed.scale.threshold).toBeLessThan(scale.threshold);
    const used = await ask({ kind: 'useCalibration', ...use, file: changed.file, name: 'own.safetensors' });
    expect(used.scale).toEqual(changed.scale);
    expect((await score()).rule).toBe(used.words);
  });

  it('is dropped with a line where the size of pictures changes, and where the page says so', async () => {
    const { file } = await ask(job);
    const larger = await score({ imageSize: 168 });
    expect(larger.source).not.toBe('calibration');
    expect(messages.filter((m) => m.kind === 'dropped')).toMatchObject([
      { className: 'tile', message: expect.stringMatching(/^calibration of tile: made with another size of pictures/) },
    ]);
    expect((await score()).source).not.toBe('calibration');
    const other = { kind: 'useCalibration', ...use, imageSize: 168, file, name: 'c.safetensors' } as const;
    expect(await failure(other)).toMatchObject({
      code: 'calibration',
      message: expect.stringMatching(/^c\.safetensors: made with another size of pictures \(112 instead of 168\)/),
    });
    await ask({ ...other, imageSize: SIZE });
    expect((await score()).source).toBe('calibration');
    await ask({ kind: 'dropCalibration', className: 'tile' });
    expect((await score()).source).not.toBe('calibration');
  });

  it('names pictures that cannot be read, and is not made of too few', async () => {
    const broken = { name: 'notes.png', file: new Blob(['hello']) };
    const wrong = await failure({ ...job, good: [...files, broken] });
    expect(wrong).toMatchObject({ code: 'picture', message: expect.stringMatching(/^notes\.png: not a readable/) });
    const two = await failure({ ...job, good: [broken, ...files, { ...broken, name: 'b.png' }] });
    expect(two.message).toBe('calibrate: 2 of 10 pictures cannot be read (notes.png, b.png): leave them out');
    const few = await failure({ ...job, good: files.slice(0, 2) });
    expect(few).toMatchObject({ code: 'options', message: expect.stringMatching(/^calibrate: expected at least 3/) });
    const text = { kind: 'useCalibration', ...use, ...broken } as const;
    expect(await failure(text)).toMatchObject({ code: 'calibration', message: expect.stringMatching(/^notes\.png: /) });
  });
});
