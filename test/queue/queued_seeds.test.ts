/** Seeds of a sweep trained by workers: what they leave is what one machine does, also where one of them stops half way. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { programVersion } from '../../src/cli/program.js';
import { FileFetcher, type FileRef, publishJson } from '../../src/cli/queue/file_refs.js';
import { FolderStore } from '../../src/cli/queue/folder_store.js';
import { ModelCache } from '../../src/cli/queue/model_cache.js';
import { SharedFolders } from '../../src/cli/queue/shared_folders.js';
import type { TaskContext } from '../../src/cli/queue/task.js';
import { type TrainCommandFlags, trainOptions } from '../../src/cli/train/flags.js';
import { decodeState, KeptTraining } from '../../src/cli/train/kept_training.js';
import { prepareTraining } from '../../src/cli/train/prepared_training.js';
import { fetchTrainPlan, publishTrainPlan, type TrainPlan } from '../../src/cli/train/train_plan.js';
import { trainTask } from '../../src/cli/train/train_task.js';
import { RedisServer } from '../../tools/redis_server.js';
import { type DrawnSet, drawSet, S } from '../cli/drawn_set.js';
import { runHere } from '../cli/in_process.js';
import { runCli } from '../cli/run_cli.js';
import { type Started, startProcess } from './queue_parts.js';

let set: DrawnSet;
let store: FolderStore;
let plan: FileRef;
const cache = process.env.XDG_CACHE_HOME;
const workers: Started[] = [];

/** Flags of a training, without its seed. */
const training = (folder: string): string[] => [
  ...['--dataset', 'mine', '--data', set.at('parts'), '--weights', 'synthetic:tiny', '--img_size', String(S)],
  ...['--shot', '2', '--text_epoch', '1', '--image_epoch', '2', '--image_adapt_until', '2', '--threads', '0'],
  ...['--save_every', '1', '--save_path', set.at(folder)],
];
const sweep = (folder: string, ...more: string[]): string[] => [
  ...['train', ...training(folder), '--seeds', '2,5', '--test', 'mine', ...more],
];

beforeAll(async () => {
  set = await drawSet();
  process.env.XDG_CACHE_HOME = set.at('cache');
  store = new FolderStore(set.at('own'));
  const flags = trainOptions(new Command()).parse([...training('none'), '--seed', '5', '--json'], { from: 'user' });
  const prepared = await prepareTraining(flags.opts<TrainCommandFlags>(), () => undefined);
  plan = await publishTrainPlan(store, flags.opts<TrainCommandFlags>(), prepared, set.at('parts'));
  expect((await runHere(...sweep('alone'))).failed).toBeUndefined();
}, 360_000);
afterAll(() => {
  for (const { child } of workers) child.kill('SIGKILL');
  if (cache === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = cache;
  set?.remove();
});

const adaptersIn = (...folder: string[]): string[] =>
  readdirSync(set.at(...folder)).filter((name) => /adapter/.test(name));
function expectSameAdapters(folder: readonly string[], as: readonly string[]): void {
  const names = adaptersIn(...as);
  expect(names).toHaveLength(4);
  expect(adaptersIn(...folder)).toEqual(names);
  for (const name of names)
    expect(readFileSync(set.at(...folder, name)).equals(readFileSync(set.at(...as, name))), name).toBe(true);
}

const contextOf = (more: Partial<TaskContext> = {}): TaskContext => ({
  ...{ store, files: new FileFetcher(store), roots: new SharedFolders([set.at('parts')]) },
  ...{ models: new ModelCache(1e9), device: {}, signal: new AbortController().signal, onProgress: () => undefined },
  ...more,
});

/** A plan like that of the tests, but for some parts. */
async function planWith(change: (plan: TrainPlan) => unknown): Promise<FileRef> {
  return publishJson(store, 'plan.json', change(await fetchTrainPlan(new FileFetcher(store), plan)));
}

it('a task gives the adapters of one machine, also where another worker goes on half way', async () => {
  const stop = new AbortController();
  const until = (done: number): void => {
    // 4 pictures of stage one, 4 of the first epoch of stage two, and a step of the second.
    if (done >= 10) stop.abort();
  };
  await expect(trainTask({ plan }, contextOf({ signal: stop.signal, onProgress: until }))).rejects.toMatchObject({
    code: 'aborted',
  });
  expect(readdirSync(set.at('cache', 'aaclip', 'trainings'))).toEqual([]);
  const seen: number[] = [];
  const result = await trainTask({ plan }, contextOf({ onProgress: (done) => void seen.push(done) }));
  expect(seen).toEqual([10, 12]);
  const state = decodeState(result);
  mkdirSync(set.at('copied'));
  const kept = new KeptTraining(store, plan.fingerprint);
  await kept.copy(state, set.at('copied'));
  expectSameAdapters(['copied'], ['alone', 'seed_5']);
  // Nothing of earlier checkpoints is left.
  expect(readdirSync(store.pathOf(`trainings/${programVersion()}/${plan.fingerprint}`))).toHaveLength(
    1 + new Set(state.files.map(({ hash }) => hash)).size,
  );

  // A kept file that is damaged is not gone on from, and not taken for a result.
  const { hash } = state.files.find(({ name }) => name === 'image_adapter.safetensors')!;
  writeFileSync(store.pathOf(`trainings/${programVersion()}/${plan.fingerprint}/${hash}`), 'damaged');
  mkdirSync(set.at('fresh'));
  expect(await kept.resume(set.at('fresh'))).toBe(false);
  expect(readdirSync(set.at('fresh'))).toEqual([]);
  expect(await kept.has(state)).toBe(false);
  await kept.remove();
  expect(readdirSync(store.pathOf(`trainings/${programVersion()}/${plan.fingerprint}`))).toEqual([]);
}, 360_000);

it('a task refuses what it is not meant to do, with one line', async () => {
  const refused = async (payload: unknown, roots?: SharedFolders): Promise<[string | undefined, string]> => {
    const error = await trainTask(payload, contextOf(roots ? { roots } : {})).then(
      () => new Error('was trained'),
      (e: Error) => e,
    );
    expect(error.message).not.toContain('\n');
    return [(error as { readonly code?: string }).code, error.message];
  };
  const first = (change: (sample: TrainPlan['samples'][number]) => object) =>
    planWith((p) => ({ ...p, samples: [change(p.samples[0]!), ...p.samples.slice(1)] }));
  const named = (path: string) => first((sample) => ({ ...sample, file: { ...sample.file, path } }));

  expect(await refused({ plan, more: 1 })).toEqual([
    'options',
    expect.stringMatching(/^task of a training: Unrecognized key: "more"; run the command that queued it again$/),
  ]);
  expect(await refused({ plan: await planWith((p) => ({ ...p, flags: { ...p.flags, save_path: '/etc' } })) })).toEqual([
    'options',
    expect.stringMatching(/^plan of a training: .*save_path.*; run the command that queued it again$/),
  ]);
  expect(await refused({ plan: await planWith((p) => ({ ...p, weights: { named: '/etc/passwd' } })) })).toEqual([
    'options',
    expect.stringMatching(/^plan of a training: /),
  ]);
  expect(await refused({ plan: await first((sample) => ({ ...sample, class: 'wood' })) })).toEqual([
    'options',
    'plan of a training: a picture of an unknown class; run the command that queued it again',
  ]);
  expect(await refused({ plan: await named('../ckpt/text_adapter.safetensors') })).toEqual([
    'options',
    expect.stringMatching(/leads out of the folder; a task may only name files below a worker's --data folders$/),
  ]);
  symlinkSync(set.at('ckpt'), set.at('parts', 'link'));
  expect((await refused({ plan: await named('link/text_adapter.safetensors') }))[1]).toMatch(/a link that leads out/);
  rmSync(set.at('parts', 'link'));
  // Another worker may have it.
  expect(await refused({ plan }, new SharedFolders([set.at('ckpt')]))).toEqual([
    undefined,
    expect.stringMatching(/not found on this worker .*; start the worker with the --data folder that holds it$/),
  ]);
  const { samples } = await fetchTrainPlan(new FileFetcher(store), plan);
  const { path } = samples[0]!.file;
  const before = readFileSync(set.at('parts', path));
  writeFileSync(set.at('parts', path), readFileSync(set.at('parts', samples[1]!.file.path)));
  expect(await refused({ plan })).toEqual([
    'picture',
    `${path}: has changed since it was queued; run the command again`,
  ]);
  writeFileSync(set.at('parts', path), before);
});

it('a task that diverges ends for good, and names pictures as the command does', async () => {
  const steep = await planWith((p) => ({ ...p, flags: { ...p.flags, image_lr: 1e38 } }));
  await expect(trainTask({ plan: steep }, contextOf())).rejects.toMatchObject({
    code: 'training',
    message: expect.stringMatching(
      /^training: the loss is NaN at step 1 \(.*\) on cloth\/good\/2\.png, cloth\/blot\/3\.png; last good checkpoint: that of the image stage /,
    ),
  });
});

/** Names of all files below a part of the store. */
const stored = (part: string): string[] =>
  existsSync(set.at('store', part))
    ? readdirSync(set.at('store', part), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map(({ name }) => name)
    : [];

it('a sweep has the adapters and figures of one machine, although worker and command are killed half way', async () => {
  await using redis = await RedisServer.start();
  const queued = ['--queue', redis.url, '--store', set.at('store')];
  const startWorker = (): Started => {
    const worker = startProcess(['worker', ...queued, '--data', set.at('parts'), '--lock', '2']);
    workers.push(worker);
    return worker;
  };
  const killed = startWorker();
  const first = startProcess(sweep('shared', ...queued));
  while (!stored('trainings').includes('latest')) {
    expect(first.child.exitCode, first.output()).toBe(null);
    await sleep(10);
  }
  for (const { child, ended } of [killed, first]) {
    child.kill('SIGKILL');
    await ended;
  }
  const second = startWorker();
  const command = startProcess(sweep('shared', ...queued));
  expect(await command.ended, `${command.output()}\n${second.output()}`).toBe(0);
  expect(second.output()).toMatch(/resuming text adapter after epoch 1, batch 0/);

  for (const seed of ['seed_2', 'seed_5']) {
    const names = readdirSync(set.at('alone', seed)).sort();
    expect(readdirSync(set.at('shared', seed)).sort()).toEqual(names);
    expectSameAdapters(['shared', seed], ['alone', seed]);
    const record = readFileSync(set.at('shared', seed, 'training.json'), 'utf8');
    expect((JSON.parse(record) as { flags: object }).flags).toMatchObject({ save_path: set.at('shared', seed) });
    expect(record).not.toContain(redis.url);
  }
  for (const name of ['sweep.csv', 'sweep.json'])
    expect(readFileSync(set.at('shared', name), 'utf8')).toBe(readFileSync(set.at('alone', name), 'utf8'));
  expect([stored('trainings'), stored('results')]).toEqual([[], []]);
  // What the worker that was killed had on its disk has gone as well.
  expect(readdirSync(set.at('cache', 'aaclip', 'trainings'))).toEqual([]);

  second.child.kill('SIGTERM');
  await second.ended;
  const again = await runCli(...sweep('shared', ...queued, '--json'));
  expect(again.code, again.stderr).toBe(0);
  expect(again.stdout).toContain(`{"seed":2,"folder":"${set.at('shared', 'seed_2')}","trained":true}`);
}, 360_000);

it('is refused with one line where it makes no sense', async () => {
  const server = ['--queue', 'redis://127.0.0.1:9'];
  for (const [args, line] of [
    [
      ['train', ...training('none'), ...server, '--store', set.at('store')],
      /^--queue: one training is not spread over /,
    ],
    [sweep('none', ...server), /^--queue: needs --store/],
    [sweep('none', '--store', set.at('store')), /^--store: needs --queue/],
  ] as const)
    expect((await runHere(...args)).failed).toMatch(line);
  expect(existsSync(set.at('none'))).toBe(false);
});
