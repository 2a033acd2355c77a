/** What a worker refuses of a task, and what it makes of one. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeDrawn } from '../../src/cli/predict/drawn_file.js';
import { predictTask } from '../../src/cli/predict/predict_task.js';
import { FileFetcher, type FileRef, publishJson } from '../../src/cli/queue/file_refs.js';
import { FolderStore } from '../../src/cli/queue/folder_store.js';
import { ModelCache } from '../../src/cli/queue/model_cache.js';
import { decodeScored } from '../../src/cli/queue/scored_file.js';
import { SharedFolders } from '../../src/cli/queue/shared_folders.js';
import type { TaskContext } from '../../src/cli/queue/task.js';
import { testTask } from '../../src/cli/test_adapters/test_task.js';
import { contentPrint } from '../../src/node/content_print.js';
import { encodePng } from '../../src/node/encode_png.js';
import { drawSample, SIZE } from '../train/pictures.js';

const folder = mkdtempSync(join(tmpdir(), 'aaclip-task-'));
const at = (...parts: string[]): string => join(folder, ...parts);
const models = new ModelCache(1e9);
let context: TaskContext;
let plan: FileRef;
let print: string;
const told: number[] = [];

const PLAN = {
  ...{ weights: { named: 'synthetic:tiny' }, checkpoints: [{ epoch: 'plain' }], imageSize: 56, textMix: 0.1 },
  ...{ imageMix: 0.1, activation: 'gelu', levels: [1, 2], precision: 'f32', rules: {}, batch: 2 },
  classes: [{ name: 'mine/tile', domain: 'Industrial', normal: [49406, 320, 49407], abnormal: [49406, 7, 49407] }],
};
/** Prompts have 77 places. */
const padded = (ids: readonly number[]): number[] => [...ids, ...new Array<number>(77 - ids.length).fill(0)];

beforeAll(async () => {
  mkdirSync(at('data'));
  const { picture } = drawSample(1);
  for (const name of ['a.png', 'b.png', 'c.png']) {
    writeFileSync(at('data', name), encodePng(SIZE, SIZE, picture.data));
  }
  writeFileSync(at('secret.png'), encodePng(SIZE, SIZE, picture.data));
  symlinkSync(at('secret.png'), at('data', 'link.png'));
  print = await contentPrint(at('data', 'a.png'));
  const store = new FolderStore(at('store'));
  const classes = PLAN.classes.map((c) => ({ ...c, normal: padded(c.normal), abnormal: padded(c.abnormal) }));
  plan = await publishJson(store, 'plan.json', { ...PLAN, classes });
  context = {
    ...{
      store,
      files: new FileFetcher(store, at('cache')),
      roots: new SharedFolders([at('data')]),
      models,
      device: {},
    },
    signal: new AbortController().signal,
    onProgress: (done) => void told.push(done),
  };
});
afterAll(() => {
  models[Symbol.dispose]();
  rmSync(folder, { recursive: true });
});

const picture = (path: string, more: object = {}) => ({
  ...{ file: { path, print }, label: 0, class: 'mine/tile', bytes: 0 },
  ...more,
});
const payload = (pictures: readonly object[], more: object = {}) => ({ plan, epoch: 'plain', pictures, ...more });
const failure = (work: Promise<unknown>): Promise<Error> =>
  work.then(
    () => expect.unreachable(),
    (error: Error) => error,
  );

describe('the task of a test', () => {
  it('scores its pictures, the same bytes each time, and tells how far it is', async () => {
    const names = ['a.png', 'b.png', 'c.png'];
    const bytes = await testTask(payload(names.map((name) => picture(name))), context);
    expect(told).toEqual([2, 3]);
    const { samples, adapter } = await decodeScored(bytes);
    expect(adapter).not.toBe('');
    expect(samples).toHaveLength(3);
    // They are copies of one picture.
    expect(samples[1]).toEqual(samples[0]);
    expect(samples[0]).toMatchObject({ map: { width: 56, height: 56 }, mask: new Uint8Array(56 * 56) });
    const again = await testTask(payload(names.map((name) => picture(name))), context);
    expect(Buffer.compare(again, bytes)).toBe(0);
  });

  it.each([
    [
      'an unknown field',
      () => payload([picture('a.png')], { weights: '/etc/passwd' }),
      'task of a test: Unrecognized key',
    ],
    ['an unknown field of a picture', () => payload([picture('a.png', { root: '/' })]), 'task of a test: pictures.0: '],
    ['no pictures', () => payload([]), 'task of a test: pictures: '],
    ['an absolute path', () => payload([picture('/etc/hostname')]), '/etc/hostname: an absolute path; a task may only'],
    ['a path upwards', () => payload([picture('../secret.png')]), '../secret.png: leads out of the folder'],
    ['a link that leads out', () => payload([picture('link.png')]), 'link.png: a link that leads out of the folder'],
    [
      'another epoch',
      () => payload([picture('a.png')], { epoch: 4 }),
      'plan of a test: has no epoch 4; run the command',
    ],
    ['another class', () => payload([picture('a.png', { class: 'mine/nut' })]), 'test: no class mine/nut in the plan'],
  ])('refuses %s in one line, for good', async (_, bad, message) => {
    const error = await failure(testTask(bad(), context));
    expect(error).toMatchObject({ name: 'AaclipError', code: 'options' });
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('\n');
  });

  it('refuses a picture that has changed since it was queued', async () => {
    writeFileSync(at('data', 'c.png'), encodePng(SIZE, SIZE, drawSample(2).picture.data));
    const error = await failure(testTask(payload([picture('c.png')]), context));
    expect(error).toMatchObject({ code: 'picture' });
    expect(error.message).toBe('c.png: has changed since it was queued; run the command again');
  });

  it('may succeed elsewhere where a picture is not found here', async () => {
    const error = await failure(testTask(payload([picture('d.png')]), context));
    expect(error.name).toBe('Error');
    expect(error.message).toMatch(
      /^d\.png: not found on this worker \(searched .*data\); start the worker with the --data/,
    );
  });
});

describe('the task of predict', () => {
  it('judges its pictures by their names, and refuses one that has changed', async () => {
    const flags = {
      class: 'tile',
      precision: 'f32',
      depth: 'clip',
      img_size: 56,
      heatmap: false,
      range: 'scale',
      legend: true,
    };
    const whole = { flags, weights: { named: 'tiny' }, adapters: { named: 'tiny' }, calibrationNamed: false };
    const own = await publishJson(new FolderStore(at('store')), 'predict.json', whole);
    const pictures = [{ path: 'a.png', print, name: 'line 3/one.png' }];
    const [drawn] = await decodeDrawn(await predictTask({ plan: own, pictures }, context));
    expect(drawn).toMatchObject({ record: { image: 'line 3/one.png', class: 'tile', adapted: true }, files: [] });
    const error = await failure(predictTask({ plan: own, pictures: [{ ...pictures[0], path: 'c.png' }] }, context));
    expect(error).toMatchObject({ code: 'picture', message: expect.stringMatching(/^c\.png: has changed since/) });
  });

  it.each([
    [{ plan: { name: 'x', fingerprint: '../../etc' }, pictures: [] }, 'task of predict: plan.fingerprint: '],
    [{ pictures: [{ path: 'a.png', print: 'x', name: 'a' }] }, 'task of predict: plan: '],
  ])('refuses %j in one line', async (bad, message) => {
    const error = await failure(predictTask(bad, context));
    expect(error).toMatchObject({ name: 'AaclipError', code: 'options' });
    expect(error.message).toContain(message);
  });

  it('refuses a plan with flags that are none of its own', async () => {
    const store = new FolderStore(at('store'));
    const odd = await publishJson(store, 'predict.json', { flags: { out: '/etc' }, weights: { named: 'tiny' } });
    const pictures = [{ path: 'a.png', print, name: 'a.png' }];
    const error = await failure(predictTask({ plan: odd, pictures }, context));
    expect(error.message).toMatch(/^plan of predict: .*; run the command that queued it again$/);
  });
});
