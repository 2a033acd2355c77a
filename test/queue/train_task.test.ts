/** The training of one seed as a worker does it, called without a server. */
import { mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FileFetcher, type FileRef, publishJson } from '../../src/cli/queue/file_refs.js';
import { FolderStore } from '../../src/cli/queue/folder_store.js';
import { ModelCache } from '../../src/cli/queue/model_cache.js';
import { SharedFolders } from '../../src/cli/queue/shared_folders.js';
import type { TaskContext } from '../../src/cli/queue/task.js';
import { type TrainCommandFlags, trainOptions } from '../../src/cli/train/flags.js';
import { decodeState, KeptTraining } from '../../src/cli/train/kept_training.js';
import { prepareTraining } from '../../src/cli/train/prepared_training.js';
import { parseTrainPlan, publishTrainPlan, type TrainPlan } from '../../src/cli/train/train_plan.js';
import { trainTask } from '../../src/cli/train/train_task.js';
import { type DrawnSet, drawSet, S } from '../cli/drawn_set.js';
import { runHere } from '../cli/in_process.js';

let set: DrawnSet;
let store: FolderStore;
let plan: FileRef;
const cache = process.env.XDG_CACHE_HOME;
const flagsOf = (folder: string): string[] => [
  ...['--dataset', 'mine', '--data', set.at('parts'), '--weights', 'synthetic:tiny', '--img_size', String(S)],
  ...['--shot', '2', '--text_epoch', '1', '--image_epoch', '2', '--image_adapt_until', '2', '--threads', '0'],
  ...['--save_every', '1', '--seed', '5', '--save_path', set.at(folder), '--json'],
];

beforeAll(async () => {
  set = await drawSet();
  process.env.XDG_CACHE_HOME = set.at('cache');
  store = new FolderStore(set.at('store'));
  const flags = trainOptions(new Command()).parse(flagsOf('none'), { from: 'user' }).opts<TrainCommandFlags>();
  const prepared = await prepareTraining(flags, () => undefined);
  plan = await publishTrainPlan(store, flags, prepared, set.at('parts'));
});
afterAll(() => {
  if (cache === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = cache;
  set.remove();
});

const contextOf = (more: Partial<TaskContext> = {}): TaskContext => ({
  ...{ store, files: new FileFetcher(store), roots: new SharedFolders([set.at('parts')]) },
  ...{ models: new ModelCache(1e9), device: {}, signal: new AbortController().signal, onProgress: () => undefined },
  ...more,
});

/** A plan like that of the tests, but for some parts. */
async function planWith(change: (plan: TrainPlan) => unknown): Promise<FileRef> {
  const text = readFileSync(store.pathOf(`files/${plan.fingerprint}/${plan.name}`), 'utf8');
  return publishJson(store, 'plan.json', change(parseTrainPlan(text)));
}

it('gives the adapters of a training on one machine, also where another worker goes on half way', async () => {
  expect((await runHere('train', ...flagsOf('plain'))).failed).toBeUndefined();
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
  const adapters = (folder: string): string[] => readdirSync(set.at(folder)).filter((name) => /adapter/.test(name));
  expect(adapters('plain')).toHaveLength(4);
  expect(adapters('copied')).toEqual(adapters('plain'));
  for (const name of adapters('plain'))
    expect(readFileSync(set.at('copied', name)).equals(readFileSync(set.at('plain', name))), name).toBe(true);
  // Nothing of earlier checkpoints is left.
  expect(readdirSync(store.pathOf(`trainings/${plan.fingerprint}`))).toHaveLength(
    1 + new Set(state.files.map(({ hash }) => hash)).size,
  );

  // A kept file that is damaged is not gone on from, and not taken for a result.
  const { hash } = state.files.find(({ name }) => name === 'image_adapter.safetensors')!;
  writeFileSync(store.pathOf(`trainings/${plan.fingerprint}/${hash}`), 'damaged');
  mkdirSync(set.at('fresh'));
  expect(await kept.resume(set.at('fresh'))).toBe(false);
  expect(readdirSync(set.at('fresh'))).toEqual([]);
  expect(await kept.has(state)).toBe(false);
  await kept.remove();
  expect(readdirSync(store.pathOf(`trainings/${plan.fingerprint}`))).toEqual([]);
}, 360_000);

it('refuses what it is not meant to do, with one line', async () => {
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
    expect.stringMatching(/^train: bad payload: .*; queue it again$/),
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
  const { samples } = parseTrainPlan(readFileSync(store.pathOf(`files/${plan.fingerprint}/${plan.name}`), 'utf8'));
  const { path } = samples[0]!.file;
  writeFileSync(join(set.at('parts'), path), readFileSync(join(set.at('parts'), samples[1]!.file.path)));
  expect(await refused({ plan })).toEqual([
    'picture',
    `${path}: has changed since it was queued; run the command again`,
  ]);
});
