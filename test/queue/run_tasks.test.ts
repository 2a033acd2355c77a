import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FolderStore } from '../../src/cli/queue/folder_store.js';
import { type RunOptions, runTasks } from '../../src/cli/queue/run_tasks.js';
import { makeTask, resultName, type Task } from '../../src/cli/queue/task.js';
import { RedisServer } from '../../tools/redis_server.js';
import { Folder, openTestQueue, sleepTasks, slept, TestWorker } from './queue_parts.js';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Runs tasks and returns their results as text. */
async function texts(url: string, folder: string, tasks: readonly Task[], options: Partial<RunOptions> = {}) {
  const store = new FolderStore(folder);
  await using queue = await openTestQueue(url, store);
  const found: string[] = [];
  for await (const { task, result } of runTasks(tasks, { queue, store, lookMs: 300, ...options })) {
    expect(task).toBe(tasks[found.length]);
    found.push(Buffer.from(result).toString());
  }
  return found;
}

test('results come in the order of the tasks, whoever does them and however long they take', async () => {
  using folder = new Folder();
  await using a = await TestWorker.start(server.url, folder.path);
  await using b = await TestWorker.start(server.url, folder.path);
  const tasks = sleepTasks(40, (i) => (i % 5 === 0 ? 60 : 1));
  const done: number[] = [];
  const found = await texts(server.url, folder.path, tasks, { onProgress: (p) => void done.push(p.done), window: 7 });
  expect(found).toEqual(tasks.map((_, i) => slept(i)));
  expect(done.at(-1)).toBe(40);
  const by = [a, b].map(({ news }) => news.filter(({ state }) => state === 'done').length);
  expect(by[0]! + by[1]!).toBe(40);
  expect(Math.min(...by)).toBeGreaterThan(0);
});

test('a result that is in the store is not computed again, and one that has gone is', async () => {
  using folder = new Folder();
  const store = new FolderStore(folder.path);
  const tasks = sleepTasks(6);
  await store.put(resultName(tasks[2]!.id), Buffer.from('kept'));
  await using worker = await TestWorker.start(server.url, folder.path);
  const first = await texts(server.url, folder.path, tasks);
  expect(first).toEqual([slept(0), slept(1), 'kept', slept(3), slept(4), slept(5)]);
  expect(worker.news).toHaveLength(5);
  await store.remove(resultName(tasks[2]!.id));
  expect(await texts(server.url, folder.path, tasks)).toEqual(tasks.map((_, i) => slept(i)));
  expect(worker.news.slice(5).map(({ task }) => task.id)).toEqual([tasks[2]!.id]);
});

test('a worker does not do a task again whose result came meanwhile', async () => {
  using folder = new Folder();
  const store = new FolderStore(folder.path);
  await using worker = await TestWorker.start(server.url, folder.path);
  await using queue = await openTestQueue(server.url, store);
  const [task] = sleepTasks(1);
  await store.put(resultName(task!.id), Buffer.from('kept'));
  await queue.add([task!]);
  while (worker.news.length === 0) await sleep(20);
  expect(worker.news[0]!.state).toBe('there already');
  expect(Buffer.from((await store.get(resultName(task!.id)))!).toString()).toBe('kept');
});

test('equal tasks are done once', async () => {
  using folder = new Folder();
  await using worker = await TestWorker.start(server.url, folder.path);
  const [task] = sleepTasks(1);
  expect(await texts(server.url, folder.path, [task!, task!, task!])).toEqual([slept(0), slept(0), slept(0)]);
  expect(worker.news).toHaveLength(1);
});

test('a task that fails for good ends the run with its reason; the next run tries it again', async () => {
  using folder = new Folder();
  await using worker = await TestWorker.start(server.url, folder.path);
  const poisoned = makeTask('sleep', { number: 9, ms: 0, fails: 'for good' }, 1);
  const tasks = [...sleepTasks(3), poisoned];
  for (let run = 1; run <= 2; run++) {
    await expect(texts(server.url, folder.path, tasks)).rejects.toThrow('sleep 9: fails for good, as it was told to');
    expect(worker.news.filter(({ state }) => state === 'failed')).toHaveLength(run);
  }
  await using queue = await openTestQueue(server.url, new FolderStore(folder.path));
  expect(await queue.failedIds()).toEqual([poisoned.id]);
  expect(await queue.reasonOf(poisoned.id)).toMatch('fails for good');
});

test('a task that fails on a worker is tried again after a while', async () => {
  using folder = new Folder();
  await using worker = await TestWorker.start(server.url, folder.path);
  const task = makeTask('sleep', { number: 1, ms: 0, fails: 'here' }, 1);
  const stop = new AbortController();
  const run = texts(server.url, folder.path, [task], { signal: stop.signal });
  while (worker.news.length < 2) await sleep(50);
  stop.abort();
  await expect(run).rejects.toMatchObject({ code: 'aborted' });
  expect(worker.news.map(({ state }) => state)).toEqual(['again', 'again']);
  // Nobody waits for it any more.
  await using queue = await openTestQueue(server.url, new FolderStore(folder.path));
  expect(await queue.forgotten([task.id])).toEqual([task.id]);
});

test('a worker opens a lost device again, and stops when it stays lost', async () => {
  using folder = new Folder();
  await using worker = await TestWorker.start(server.url, folder.path);
  await using queue = await openTestQueue(server.url, new FolderStore(folder.path));
  const tasks = [1, 2, 3].map((number) => makeTask('sleep', { number, ms: 0, fails: 'device' }, 1));
  await queue.add(tasks);
  await expect(worker.worker.failure()).rejects.toThrow(
    'sleep 3: the device is lost, as it was told (3 tasks in a row: this worker stops)',
  );
  const reasons = worker.news.map(({ reason }) => reason!.replace('the device is lost, as it was told', 'lost'));
  expect(reasons).toEqual([1, 2, 3].flatMap((i) => [`sleep ${i}: lost; opening the device again`, `sleep ${i}: lost`]));
  // Other workers will try them.
  expect(await queue.failedIds()).toEqual([]);
  await queue.cancel();
});

test('a job that waits for a time which a clock has put far away is started', async () => {
  using folder = new Folder();
  await using queue = await openTestQueue(server.url, new FolderStore(folder.path));
  const [task] = sleepTasks(1);
  const { kind, payload, pictures, id } = task!;
  await queue.bull.add(kind, { kind, payload, pictures }, { jobId: id, delay: 3_600_000 });
  await using worker = await TestWorker.start(server.url, folder.path);
  expect(await texts(server.url, folder.path, [task!], { longestDelayMs: 200 })).toEqual([slept(0)]);
  expect(worker.news).toHaveLength(1);
});

test('jobs that are no tasks of this program are refused, whatever they ask for', async () => {
  using folder = new Folder();
  const store = new FolderStore(folder.path);
  await using worker = await TestWorker.start(server.url, folder.path);
  await using queue = await openTestQueue(server.url, store);
  const [task] = sleepTasks(1);
  const data = { kind: 'sleep', payload: { number: 5, ms: 0 }, pictures: 1 };
  const bad: [string, object][] = [
    // The id of another task: its result would be taken for that one's.
    [task!.id, data],
    ['../../outside', data],
    ['unknown-kind', { ...data, kind: 'shell' }],
    ['more', { ...data, command: 'id' }],
  ];
  for (const [jobId, given] of bad) await queue.bull.add('sleep', given as never, { jobId });
  while ((await queue.failedIds()).length < bad.length) await sleep(20);
  for (const [jobId] of bad) expect(await queue.reasonOf(jobId)).toMatch(/not a task of this program/);
  // One whose id fits, but whose payload says what the task does not know.
  const strange = makeTask('sleep', { number: 5, ms: 0, path: '/etc/passwd' }, 1);
  await expect(texts(server.url, folder.path, [strange])).rejects.toThrow(/^task to sleep: Unrecognized key/);
  expect(await store.has(resultName(task!.id))).toBe(false);
  expect(worker.news.map(({ state }) => state)).toEqual(['failed']);
});

test('workers with another store never see a task, and the coordinator says that none is connected', async () => {
  using folder = new Folder();
  using other = new Folder();
  await using worker = await TestWorker.start(server.url, other.path);
  const notes: string[] = [];
  const stop = new AbortController();
  const run = texts(server.url, folder.path, sleepTasks(2), {
    signal: stop.signal,
    onNote: (note) => {
      notes.push(note);
      stop.abort();
    },
  });
  await expect(run).rejects.toMatchObject({ code: 'aborted' });
  expect(notes).toEqual([
    `queue ${server.url}: no worker of this version with this store is connected; start some: aaclip worker --queue ${server.url} --store ${folder.path} --data DIR (aaclip jobs lists what is connected)`,
  ]);
  expect(worker.news).toEqual([]);
});

test('cancelled tasks end the command that queued them', async () => {
  using folder = new Folder();
  await using queue = await openTestQueue(server.url, new FolderStore(folder.path));
  const run = texts(server.url, folder.path, sleepTasks(5));
  const outcome = expect(run).rejects.toThrow(/cancelled by "aaclip jobs cancel"/);
  while ((await queue.jobs('wait', 10)).length < 5) await sleep(20);
  expect(await queue.cancel()).toBe(5);
  await outcome;
  expect(await queue.jobs('wait', 10)).toEqual([]);
});

test.each([
  ['with its append-only file', ['--appendonly', 'yes', '--appendfsync', 'always']],
  ['without', []],
])('a server that dies and comes back %s loses nothing', async (_, args) => {
  using folder = new Folder();
  await using mortal = await RedisServer.start(...args);
  await using worker = await TestWorker.start(mortal.url, folder.path);
  const store = new FolderStore(folder.path);
  const notes: string[] = [];
  await using queue = await openTestQueue(mortal.url, store, notes);
  const tasks = sleepTasks(60, 20);
  const found: string[] = [];
  for await (const { result } of runTasks(tasks, { queue, store, lookMs: 300 })) {
    found.push(Buffer.from(result).toString());
    if (found.length === 10 || found.length === 35) {
      await mortal.stop();
      await sleep(300);
      await mortal.start();
    }
  }
  expect(found).toEqual(tasks.map((_, i) => slept(i)));
  const lost = `queue ${mortal.url}: connection lost; waiting for the server`;
  const back = `queue ${mortal.url}: connected again`;
  expect(notes).toEqual([lost, back, lost, back]);
  expect(worker.news.length).toBeGreaterThanOrEqual(60);
});

test('a server that comes back with a password ends the run and workers instead of being waited for', async () => {
  using folder = new Folder();
  using other = new Folder();
  await using mortal = await RedisServer.start();
  await using worker = await TestWorker.start(mortal.url, other.path);
  const store = new FolderStore(folder.path);
  await using queue = await openTestQueue(mortal.url, store);
  const outcome = expect(
    (async () => {
      for await (const _ of runTasks(sleepTasks(2), { queue, store, lookMs: 300 }));
    })(),
  ).rejects.toThrow(`queue ${mortal.url}: it wants a password; set AACLIP_QUEUE_PASSWORD`);
  while ((await queue.jobs('wait', 2)).length < 2) await sleep(20);
  await mortal.stop();
  await mortal.start('--requirepass', 'open-sesame-17');
  await outcome;
  await expect(worker.worker.failure()).rejects.toThrow('it wants a password');
});
