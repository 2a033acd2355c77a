/** Training in a page, run in Node: the library's numbers, pauses, a lost device, a closed tab, and what is refused. */
import { describe, expect, it } from 'vitest';
import { encodePng } from '../../src/node/encode_png.js';
import { loadDetector, train } from '../../src/node/node_library.js';
import type { EngineFiles } from '../../src/web/engine.js';
import type { EngineRequest } from '../../src/web/engine_messages.js';
import { KeptFiles } from '../../src/web/kept_files.js';
import type { TaughtPicture } from '../../src/web/train_messages.js';
import { adapterSettings, trainDefaults } from '../../src/web/training_defaults.js';
import { device } from '../devices.js';
import { drawSample, SIZE } from '../train/pictures.js';
import { Page } from './engine_in_node.js';
import { Folder } from './memory_folder.js';

type TrainRequest = Extract<EngineRequest, { kind: 'train' }>;

const packaged = { kind: 'packaged' } as const;
const samples: TaughtPicture[] = [0, 1, 2, 3].map((i) => {
  const { picture, mask, label } = drawSample(i);
  const file = new Blob([new Uint8Array(encodePng(SIZE, SIZE, picture.data))]);
  const marked = { width: SIZE, height: SIZE, data: mask };
  return { name: `${i}.png`, picture: file, className: 'tile', label, ...(label === 1 && { mask: marked }) };
});
const small = { imageSize: 56, textEpochs: 1, imageEpochs: 1, textBatch: 2, imageBatch: 2, saveEvery: 1 };
const settings = { ...trainDefaults(packaged), ...small };

function job(change: Partial<TrainRequest> = {}): TrainRequest {
  return { kind: 'train', model: packaged, samples, settings, orient: false, resume: false, ...change };
}

const bytes = async (file: Blob | undefined): Promise<string> =>
  Buffer.from(await file!.arrayBuffer()).toString('base64');
/** Files in private storage that outlives the page. */
const kept = (root: Folder): EngineFiles => {
  return { weights: new KeptFiles(async () => root), run: new KeptFiles(async () => root, 'training') };
};

/** What the run gives that nothing disturbs. */
const undisturbed = new Page().ask(job());

describe('training in a page', () => {
  it('takes the steps of the library, and its adapters score as in Node', async () => {
    const page = new Page();
    const report = await page.ask(job());
    const losses: number[] = [];
    const training = train({
      ...{ weights: 'tiny', gpu: await device(), samples: samples.map((s) => ({ ...s, picture: s.picture })) },
      ...adapterSettings(packaged),
      ...settings,
    });
    for await (const { loss } of training) losses.push(loss);
    const { text, image } = await training.finish();
    expect(page.steps.map(({ loss }) => loss)).toEqual(losses);
    expect(page.steps.map(({ stage, step, steps }) => [stage, step, steps])).toEqual(
      ['text', 'text', 'image', 'image'].map((stage, i) => [stage, i + 1, 4]),
    );
    expect(await bytes(report.text)).toBe(Buffer.from(text!).toString('base64'));
    expect(await bytes(report.image)).toBe(Buffer.from(image).toString('base64'));
    const score = { picture: samples[1]!.picture, name: '1.png', className: 'tile', imageSize: 56, orient: false };
    const trained = { ...packaged, adapters: [report.text!, report.image] };
    const shown = await page.ask({ kind: 'score', model: trained, ...score });
    const options = { weights: 'tiny', adapters: { text: text!, image }, classes: ['tile'], imageSize: 56 };
    using detector = await loadDetector({ ...options, gpu: await device() });
    for await (const found of detector.detect(samples[1]!.picture, 'tile')) expect(shown.score).toBe(found.score);
    expect((await page.ask({ kind: 'score', model: packaged, ...score })).score).not.toBe(shown.score);
  });

  it('takes a mask of fewer pixels than its picture has', async () => {
    const half = { width: SIZE / 2, height: SIZE / 2, data: new Uint8Array(SIZE ** 2 / 4).fill(1, 0, SIZE ** 2 / 8) };
    const whole = { width: SIZE, height: SIZE, data: new Uint8Array(SIZE ** 2).fill(1, 0, SIZE ** 2 / 2) };
    const losses = async (change: Partial<TaughtPicture>): Promise<number[]> => {
      const page = new Page();
      await page.ask(job({ samples: samples.slice(0, 2).map((s) => (s.label === 1 ? { ...s, ...change } : s)) }));
      return page.steps.map(({ loss }) => loss);
    };
    const same = await losses({ mask: half });
    expect(same).toEqual(await losses({ mask: whole }));
  });

  it('goes on from its last checkpoint where the device is lost, and gives the same adapters', async () => {
    const page = new Page([['lost', 40]], kept(new Folder()));
    const report = await page.ask(job());
    expect(page.stages()).toContain('again');
    const numbers = page.steps.map(({ step }) => step);
    expect(numbers.at(-1)).toBe(4);
    // Not from the start.
    expect(numbers.slice(1).filter((n) => n === 1)).toEqual([]);
    const same = await undisturbed;
    expect(await bytes(report.text)).toBe(await bytes(same.text));
    expect(await bytes(report.image)).toBe(await bytes(same.image));
  });

  it('is continued by the next visit, but not with other pictures', async () => {
    const root = new Folder();
    const page = new Page([], kept(root));
    const { id, over } = page.start(job());
    page.onMessage = (message) => {
      if (message.kind === 'step' && message.step.stage === 'image') page.stop(id);
    };
    await over;
    expect(page.messages.at(-1)).toMatchObject({ kind: 'failed', failure: { code: 'aborted' } });
    const next = new Page([], kept(root));
    expect(await next.ask({ kind: 'keptRun' })).toMatchObject({ pictures: 4, settings });
    const other = await next.failure(job({ resume: true, samples: samples.slice(1) }));
    expect(other.message).toMatch(/^training: the kept run has other pictures, masks or labels: use the same ones/);
    const report = await next.ask(job({ resume: true }));
    expect(next.steps.length).toBeLessThan(3);
    expect(await bytes(report.image)).toBe(await bytes((await undisturbed).image));
    // What is finished is not offered again.
    expect(await next.ask({ kind: 'keptRun' })).toBe(undefined);
    expect((await next.failure(job({ resume: true }))).message).toMatch(/^training: no run is kept/);
  });

  it('waits while it is held', async () => {
    const page = new Page();
    const { id, over } = page.start(job());
    let held: Promise<void> | undefined;
    page.onMessage = (message) => {
      if (message.kind !== 'step' || held) return;
      page.pause(id, true);
      held = new Promise((resolve) => setTimeout(resolve, 1500));
    };
    while (!held) await new Promise((resolve) => setTimeout(resolve, 20));
    await held;
    expect(page.steps).toHaveLength(1);
    page.pause(id, false);
    await over;
    expect(page.steps).toHaveLength(4);
  });

  it('that diverges, or lacks a mask, ends with the reason, and the page goes on', async () => {
    const page = new Page();
    const wild = await page.failure(job({ settings: { ...settings, imageRate: 1e38 } }));
    expect(wild.message).toMatch(/^training: .* at step \d+ \(image stage.*: lower the learning rate$/);
    const bare = await page.failure(job({ samples: samples.map(({ mask: _, ...rest }) => rest) }));
    expect(bare.message).toMatch(/^train: sample 2: a faulty picture without mask: training needs one/);
    expect((await page.ask(job())).steps).toBe(4);
  });

  it('goes on where the browser has no room for checkpoints, and says so', async () => {
    const root = new Folder();
    root.room = 1000;
    const page = new Page([], kept(root));
    const report = await page.ask(job());
    expect(report.problem).toMatch(/^text_adapter\.safetensors: not kept: the browser has no room for it/);
    expect(await bytes(report.image)).toBe(await bytes((await undisturbed).image));
    // The next run tries again.
    root.room = Number.POSITIVE_INFINITY;
    expect((await page.ask(job())).problem).toBe(undefined);
  });
});
