/** The store, files by fingerprint, the folders a worker may read, and the models it keeps. */
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FILE_REF, FileFetcher, publish } from '../../src/cli/queue/file_refs.js';
import { FolderStore } from '../../src/cli/queue/folder_store.js';
import { ModelCache } from '../../src/cli/queue/model_cache.js';
import { SharedFolders } from '../../src/cli/queue/shared_folders.js';
import { checkName, type Store } from '../../src/cli/queue/store.js';
import { makeTask } from '../../src/cli/queue/task.js';
import { AaclipError } from '../../src/detect/errors.js';
import { Folder } from './queue_parts.js';

async function listed(store: Store): Promise<string[]> {
  const names: string[] = [];
  for await (const name of store.list('results/')) names.push(name);
  return names;
}

const bytes = (text: string): Uint8Array => Buffer.from(text);

test('a folder as a store: files come back, leave nothing behind, and names stay inside', async () => {
  using folder = new Folder();
  const store = new FolderStore(folder.path);
  expect(await store.get('results/ab/one')).toBe(undefined);
  await store.put('results/ab/one', bytes('1'));
  await store.put('results/cd/two', bytes('2'));
  expect(Buffer.from((await store.get('results/ab/one'))!).toString()).toBe('1');
  expect((await listed(store)).sort()).toEqual(['results/ab/one', 'results/cd/two']);
  await store.remove('results/ab/one');
  await store.remove('results/ab/one');
  expect([await store.has('results/ab/one'), await store.has('results/cd/two')]).toEqual([false, true]);
  expect(readdirSync(join(folder.path, 'results', 'ab'))).toEqual([]);
  for (const name of ['../x', 'a/../../x', '/etc/passwd', '', 'a//b', 'a\\b', 'a/.']) {
    expect(() => checkName(name), name).toThrow(/^store: .*: not the name of a file in a store/);
    await expect(async () => store.put(name, bytes('x'))).rejects.toThrow(/^store: /);
  }
});

test('all that open a store agree on its identity, also when they ask at the same time', async () => {
  using folder = new Folder();
  using other = new Folder();
  const ids = await Promise.all(Array.from({ length: 8 }, () => new FolderStore(folder.path).identity()));
  expect(new Set(ids).size).toBe(1);
  expect(await new FolderStore(other.path).identity()).not.toBe(ids[0]);
  expect(readdirSync(folder.path)).toEqual(['store-id']);
});

test('the id of a task changes with what it asks for, not with the order of its fields', () => {
  const id = makeTask('sleep', { number: 1, ms: 2 }, 1).id;
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(makeTask('sleep', { ms: 2, number: 1 }, 1).id).toBe(id);
  expect(makeTask('sleep', { ms: 3, number: 1 }, 1).id).not.toBe(id);
  expect(makeTask('test', { ms: 2, number: 1 }, 1).id).not.toBe(id);
});

test.each([true, false])(
  'files and folders are fetched once, and compared with their fingerprints (in place: %s)',
  async (near) => {
    using folder = new Folder();
    using cache = new Folder();
    using work = new Folder();
    const folderStore = new FolderStore(folder.path);
    let fetched = 0;
    const store: Store = {
      where: 'far',
      identity: () => folderStore.identity(),
      put: (name, data) => folderStore.put(name, data),
      putFile: (name, path) => folderStore.putFile(name, path),
      get: (name) => folderStore.get(name),
      getFile: (name, to) => {
        fetched++;
        return folderStore.getFile(name, to);
      },
      has: async (name) => (await folderStore.get(name).catch(() => undefined)) !== undefined,
      list: (prefix) => folderStore.list(prefix),
      remove: (name) => folderStore.remove(name),
      pathOf: (name) => (near ? folderStore.pathOf(name) : undefined),
    };
    const weights = join(work.path, 'weights.safetensors');
    writeFileSync(weights, 'weights');
    const adapters = join(work.path, 'adapters');
    mkdirSync(adapters);
    for (const name of ['text', 'image_1', 'image_2']) writeFileSync(join(adapters, name), name);

    const file = await publish(store, weights);
    const some = await publish(store, adapters, (name) => name !== 'image_2');
    expect(FILE_REF.parse(file)).toEqual(file);
    expect(await publish(store, weights)).toEqual(file);
    expect((await publish(store, adapters)).fingerprint).not.toBe(some.fingerprint);

    const fetcher = new FileFetcher(store, cache.path);
    const [first, second] = await Promise.all([fetcher.fetch(file), fetcher.fetch(file)]);
    expect(second).toBe(first);
    expect(first.endsWith('weights.safetensors')).toBe(true);
    expect(readFileSync(first, 'utf8')).toBe('weights');
    expect(readdirSync(await fetcher.fetch(some)).sort()).toEqual(['image_1', 'text']);
    expect(fetched).toBe(near ? 0 : 3);
    // The next process finds them in the cache.
    await new FileFetcher(store, cache.path).fetch(file);
    expect(fetched).toBe(near ? 0 : 3);

    // Damage is noticed, and mended once the store has the right bytes again.
    writeFileSync(first, 'wrong');
    const next = new FileFetcher(store, cache.path);
    await expect(next.fetch(file)).rejects.toThrow(
      /weights\.safetensors is damaged: its bytes have another fingerprint/,
    );
    await store.putFile(`files/${file.fingerprint}/${file.name}`, weights);
    expect(readFileSync(await next.fetch(file), 'utf8')).toBe('weights');
    await expect(next.fetch({ ...file, name: 'missing' })).rejects.toThrow(
      /has no files\/.*\/missing; run the command/,
    );
    for (const name of ['..', '../x', 'a/b', '', '.'])
      expect(FILE_REF.safeParse({ ...file, name }).success, name).toBe(false);
  },
);

test('a task cannot name a file outside the folders of its worker', () => {
  using root = new Folder();
  using second = new Folder();
  using outside = new Folder();
  writeFileSync(join(outside.path, 'secret'), '');
  writeFileSync(join(second.path, 'two.png'), '');
  mkdirSync(join(root.path, 'set'));
  writeFileSync(join(root.path, 'set', 'one.png'), '');
  symlinkSync(outside.path, join(root.path, 'way-out'));
  symlinkSync(join(outside.path, 'secret'), join(root.path, 'secret.png'));
  symlinkSync(join(second.path, 'two.png'), join(root.path, 'two-again.png'));
  const folders = new SharedFolders([root.path, second.path]);
  expect(readFileSync(folders.resolve('set/one.png'), 'utf8')).toBe('');
  expect(folders.resolve('two.png')).toBe(folders.resolve('two-again.png'));
  for (const path of [
    '../secret',
    'set/../../secret',
    '/etc/passwd',
    `${outside.path}/secret`,
    'way-out/secret',
    'secret.png',
    'C:\\x',
    'set\\..\\x',
    '',
    'a\0b',
  ]) {
    let error: unknown;
    try {
      folders.resolve(path);
    } catch (thrown) {
      error = thrown;
    }
    expect(error, path).toBeInstanceOf(AaclipError);
    expect((error as Error).message, path).toMatch(/a task may only name files below a worker's --data folders$/);
  }
  // Another worker may have it: no reason to give the task up.
  expect(() => folders.resolve('set/missing.png')).toThrow(
    /not found on this worker .* start the worker with the --data folder/,
  );
  expect(() => new SharedFolders([join(root.path, 'none')])).toThrow(/none: cannot read: no such file or folder/);
});

/** A model that says when it is disposed of. */
function model(log: string[], name: string, size = 1) {
  return async () => ({ model: { name, [Symbol.dispose]: () => void log.push(name) }, bytes: size });
}

test('models stay loaded as far as memory allows, never go while in use, and all go with the device', async () => {
  const log: string[] = [];
  const cache = new ModelCache(2);
  const use = (name: string, work: () => Promise<unknown> = async () => undefined) =>
    cache.use(name, model(log, name), work);
  await use('a');
  await use('b');
  await use('a');
  expect(log).toEqual([]);
  await use('c');
  expect(log).toEqual(['b']);
  let finish: () => void = () => undefined;
  const long = use(
    'a',
    () =>
      new Promise<void>((resolve) => {
        finish = resolve;
      }),
  );
  await use('d');
  await use('e');
  expect(log).toEqual(['b', 'c', 'd']);
  await expect(
    use('e', async () => {
      throw new AaclipError('device', 'lost');
    }),
  ).rejects.toThrow('lost');
  expect(log).toEqual(['b', 'c', 'd', 'e']);
  finish();
  await long;
  expect(log).toEqual(['b', 'c', 'd', 'e', 'a']);
  await expect(
    cache.use(
      'f',
      async () => {
        throw new Error('not there');
      },
      async () => undefined,
    ),
  ).rejects.toThrow('not there');
  await use('f');
  expect(log).toHaveLength(5);
});
