/** The engine of a page, run in Node: its jobs, what it says of bad input, and a device that is lost. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Gpu } from '../../src/gpu/gpu.js';
import { encodePng } from '../../src/node/encode_png.js';
import { loadDetector, NODE_LIBRARY } from '../../src/node/node_library.js';
import { Engine } from '../../src/web/engine.js';
import type { EngineRequest, FromEngine, ModelChoice } from '../../src/web/engine_messages.js';
import { device } from '../devices.js';
import { exif } from '../small_pictures.js';
import { drawSample, SIZE } from '../train/pictures.js';
import { Page } from './engine_in_node.js';
import { NOTHING_KEPT } from './nothing_kept.js';

const bytesOf = (path: string): Uint8Array<ArrayBuffer> =>
  new Uint8Array(readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url))));
const fileOf = (path: string): File => new File([bytesOf(path)], path.replace(/^.*\//, ''));

const { picture } = drawSample(1);
const png = new File([new Uint8Array(encodePng(SIZE, SIZE, picture.data))], 'a.png');
const packaged: ModelChoice = { kind: 'packaged' };
type ScoreRequest = Extract<EngineRequest, { kind: 'score' }>;

/** A job that scores the picture, or another one in another way. */
function score(change: Partial<ScoreRequest> = {}): ScoreRequest {
  const name = change.picture instanceof File ? change.picture.name : 'a.png';
  const usual = {
    kind: 'score',
    model: packaged,
    className: 'tile',
    imageSize: 112,
    picture: png,
    orient: false,
  } as const;
  return { ...usual, name, ...change };
}

describe('the engine', () => {
  const page = new Page();

  it('scores a picture as the library does, step by step, and keeps the model', async () => {
    const report = await page.ask(score());
    expect(page.stages()).toEqual(['picture', 'device', 'files', 'weights', 'kernels', 'score']);
    expect(report.steps.map(({ stage }) => stage)).toEqual(page.stages());
    const shared = { gpu: await device(), weights: 'tiny', adapters: 'tiny', classes: ['tile'], imageSize: 112 };
    using detector = await loadDetector(shared);
    for await (const found of detector.detect(png, 'tile')) {
      expect(report).toMatchObject({
        name: 'a.png',
        width: SIZE,
        height: SIZE,
        peak: found.peak,
        domain: 'Industrial',
      });
      expect(report.score).toBe(found.score);
      const { score, anomalous, source, rule } = found.decision;
      expect(report.decision).toEqual({ score, anomalous, source, rule });
      expect(report.map).toEqual(found.decision.map());
    }
    expect(report.preview).toMatchObject({ width: SIZE, height: SIZE });
    expect([...report.preview.data.subarray(0, 4)]).toEqual([...picture.data.subarray(0, 3), 255]);
    expect(page.handedOver).toEqual([report.map.data.buffer, report.preview.data.buffer]);
    expect(report.model).toMatchObject({ imageSize: 112, adapted: true, unknownWords: [] });
    await page.ask(score());
    expect(page.stages()).toEqual(['picture', 'score']);
  });

  it('makes the maps of the levels of a picture with the model that is loaded', async () => {
    const levels = await page.ask({ ...score(), kind: 'levels' });
    expect(page.stages()).toEqual(['picture', 'score']);
    const { model, map } = await page.ask(score());
    expect(levels.map(({ block }) => block)).toEqual(model.blocks);
    expect(levels.length).toBeGreaterThan(1);
    for (const level of levels) {
      expect(level.map).toMatchObject({ width: map.width, height: map.height });
      expect(level.peak.value).toBe(level.map.data.reduce((a, b) => Math.max(a, b)));
      expect(page.handedOver).toContain(level.map.data.buffer);
    }
    expect((await page.failure({ ...score({ picture: new File(['no'], 'no.png') }), kind: 'levels' })).code).toBe(
      'picture',
    );
  });

  it('takes a frame of a camera, whose alpha does not count', async () => {
    const data = new Uint8ClampedArray(4 * SIZE * SIZE).fill(7);
    for (let i = 0; i < SIZE * SIZE; i++) data.set(picture.data.subarray(3 * i, 3 * i + 3), 4 * i);
    const frame = await page.ask(score({ picture: { width: SIZE, height: SIZE, data } }));
    expect(frame.score).toBe((await page.ask(score())).score);
    expect([...frame.preview.data.subarray(0, 4)]).toEqual([...picture.data.subarray(0, 3), 255]);
  });

  it('says of an object which word the model does not know', async () => {
    const { model } = await page.ask(score({ className: 'flurbistan' }));
    expect(model.unknownWords).toEqual(['flurbistan']);
    // Only the text tower was needed: the image tower stays.
    expect(page.stages()).toEqual(['picture', 'files', 'score']);
    // The object before it is still loaded.
    await page.ask(score());
    expect(page.stages()).toEqual(['picture', 'score']);
  });

  it('says how a photo is turned, and turns it where it is told to', async () => {
    const jpeg = bytesOf('test/goldens/baseline.jpg');
    const segment = Buffer.from([0xff, 0xe1, 0, 34, ...Buffer.from('Exif\0\0'), ...exif(6, true)]);
    const turned = new File([Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)])], 'turned.jpg');
    const stored = await page.ask(score({ picture: turned }));
    const upright = await page.ask(score({ picture: turned, orient: true }));
    expect([stored.orientation, upright.orientation]).toEqual([6, 6]);
    expect([upright.width, upright.height]).toEqual([stored.height, stored.width]);
  });

  it('refuses what it cannot use in one line, and goes on', async () => {
    const text = new File(['hello'], 'notes.txt');
    expect(await page.failure(score({ picture: text }))).toEqual({
      code: 'picture',
      message: expect.stringMatching(/^notes\.txt: not a readable picture: got a text file; check the path$/),
    });
    const clip = bytesOf('weights/tiny/clip.safetensors');
    const cut = new File([clip.subarray(0, 1_000_000)], 'cut.safetensors');
    const model: ModelChoice = { kind: 'files', weights: cut, adapters: [] };
    expect(await page.failure({ kind: 'load', model, className: 'tile' })).toMatchObject({
      code: 'weights',
      message: expect.stringMatching(/^cut\.safetensors: .*truncated/),
    });
    const weights = fileOf('weights/tiny/clip.safetensors');
    const strangers = [fileOf('test/goldens/method.april_gan.tiny.pth')];
    expect(await page.failure(score({ model: { kind: 'files', weights, adapters: strangers } }))).toMatchObject({
      code: 'adapters',
    });
    const three = [1, 2, 3].map((i) => new File(['x'], `${i}.pth`));
    expect(await page.failure(score({ model: { kind: 'files', weights, adapters: three } }))).toMatchObject({
      code: 'adapters',
      message:
        'adapters: expected one checkpoint, or text_adapter and image_adapter, got 1.pth, 2.pth, 3.pth: pick them again',
    });
    expect(await page.failure(score({ className: ' ' }))).toMatchObject({ code: 'class' });
    await page.ask(score());
    expect(page.stages()).toEqual(['picture', 'score']);
  });

  it('takes weights and adapters from files', async () => {
    const weights = fileOf('weights/tiny/clip.safetensors');
    const adapters = ['image', 'text'].map((part) => fileOf(`weights/tiny/${part}_adapter.safetensors`));
    const own = await page.ask(score({ model: { kind: 'files', weights, adapters } }));
    const plain = await page.ask(score({ model: { kind: 'files', weights, adapters: [] } }));
    const again = await page.ask(score());
    expect(own.score).toBe(again.score);
    expect(plain.score).not.toBe(again.score);
    expect(plain.model.adapted).toBe(false);
  });

  it('ends jobs that are stopped, whether they wait or run', async () => {
    const running = page.start(score({ className: 'glove' }));
    const waiting = page.start(score());
    page.stop(waiting.id);
    page.stop(running.id);
    await waiting.over;
    const ends = page.messages.filter((m) => m.kind === 'failed' && m.id >= running.id);
    expect(ends.map((m) => m.kind === 'failed' && [m.id, m.failure.code])).toEqual([
      [running.id, 'aborted'],
      [waiting.id, 'aborted'],
    ]);
    await page.ask(score());
  });

  it('describes its device and times its kernels', async () => {
    const report = await page.ask({ kind: 'device' });
    expect(report.adapter.limits.maxBufferSize).toBeGreaterThan(2 ** 27);
    expect(report.kernels.matmul).toBeTypeOf('string');
    expect(report.memory.most).toBeGreaterThanOrEqual(report.memory.held);
    expect(report.model?.imageSize).toBe(112);
    const rows = await page.ask({ kind: 'time' });
    expect(rows.reduce((sum, { ms }) => sum + ms, 0)).toBeGreaterThan(0);
  });
});

describe('a device that is lost', () => {
  it('is opened again, and the job is repeated once', async () => {
    const page = new Page([['lost', 3]]);
    const report = await page.ask(score());
    const stages = page.stages();
    expect(stages.filter((stage) => stage === 'again')).toHaveLength(1);
    expect(stages.slice(stages.indexOf('again'))).toEqual([
      'again',
      'picture',
      'device',
      'files',
      'weights',
      'kernels',
      'score',
    ]);
    expect(report.score).toBe((await page.ask(score())).score);
  });

  it('twice in a job ends the job, with a smaller size on offer; the next job opens it again', async () => {
    const page = new Page([
      ['lost', 1],
      ['lost', 1],
    ]);
    expect(await page.failure(score({ imageSize: 256 }))).toMatchObject({
      code: 'device',
      message: expect.stringMatching(/^webgpu: the device was lost/),
      smaller: 224,
    });
    await page.ask(score());
  });

  it('and none to begin with ends the job at once', async () => {
    const failures: FromEngine[] = [];
    const openDevice = async (): Promise<Gpu> => {
      const entry = { requestAdapter: async () => null } as unknown as GPU;
      return Gpu.open({ entry, shaders: new Map(), noAdapter: 'use another browser' });
    };
    const engine = new Engine({ ...NODE_LIBRARY, openDevice }, NOTHING_KEPT, (m) => failures.push(m));
    await engine.receive({ kind: 'job', id: 1, request: { kind: 'device' } });
    expect(failures.at(-1)).toEqual({
      ...{ kind: 'failed', id: 1 },
      failure: { code: 'device', message: 'webgpu: no adapter found: use another browser' },
    });
    expect(failures).toHaveLength(2);
  });
});
