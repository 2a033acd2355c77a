import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FolderStore } from '../../src/cli/queue/folder_store.js';
import { runTasks } from '../../src/cli/queue/run_tasks.js';
import { resultName } from '../../src/cli/queue/task.js';
import { RedisServer } from '../../tools/redis_server.js';
import { Folder, openTestQueue, sleepTasks, slept, startProcess } from './queue_parts.js';

const COORDINATOR = fileURLToPath(new URL('coordinator.mjs', import.meta.url));

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

const startWorker = (store: string, ...more: string[]) =>
  startProcess(['worker', '--queue', server.url, '--store', store, '--lock', '1', '--json', ...more]);

test('workers that are killed lose no task, and no result is written twice differently', async () => {
  using folder = new Folder();
  const workers = [startWorker(folder.path), startWorker(folder.path)];
  const store = new FolderStore(folder.path);
  await using queue = await openTestQueue(server.url, store);
  const tasks = sleepTasks(30, 40);
  const found: string[] = [];
  for await (const { result } of runTasks(tasks, { queue, store, lookMs: 500 })) {
    found.push(Buffer.from(result).toString());
    if (found.length === 5 || found.length === 15) {
      workers.shift()!.child.kill('SIGKILL');
      workers.push(startWorker(folder.path));
    }
  }
  expect(found).toEqual(tasks.map((_, i) => slept(i)));
  for (const { child, ended } of workers) {
    child.kill('SIGKILL');
    await ended;
  }
});

test('a coordinator that is killed goes on where it was', async () => {
  using folder = new Folder();
  const worker = startWorker(folder.path);
  await worker.prints(/"worker"/);
  const args = [server.url, folder.path, '20', '50'];
  const killed = startProcess(args, COORDINATOR);
  await killed.prints(/slept 4/);
  killed.child.kill('SIGKILL');
  await killed.ended;
  const again = startProcess(args, COORDINATOR);
  expect(await again.ended).toBe(0);
  expect(again.output()).toBe(Array.from({ length: 20 }, (_, i) => slept(i)).join(''));
  worker.child.kill('SIGTERM');
  expect(await worker.ended).not.toBe(null);
  const lines = worker
    .output()
    .split('\n')
    .filter((line) => line.startsWith('{"task"'));
  const done = lines
    .map((line) => JSON.parse(line) as { task: string; state: string })
    .filter(({ state }) => state === 'done');
  expect(new Set(done.map(({ task }) => task)).size).toBe(20);
  expect(done).toHaveLength(20);
});

test('a signal lets a worker finish its task, and a second one gives it back at once', async () => {
  using folder = new Folder();
  const store = new FolderStore(folder.path);
  await using queue = await openTestQueue(server.url, store);
  const [short, long] = sleepTasks(2, (i) => (i === 0 ? 700 : 60_000));
  const worker = startWorker(folder.path, '--name', 'first', '--metrics', '0');
  await worker.prints(/"worker"/);
  const port = /"metrics":(\d+)/.exec(worker.output())![1];
  await queue.add([short!]);
  while ((await queue.jobs('active', 1)).length === 0) await sleep(20);
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  expect(metrics).toMatch(/^aaclip_worker_running 1$/m);
  expect(metrics).toMatch(/^aaclip_worker_connected 1$/m);
  worker.child.kill('SIGTERM');
  expect(await worker.ended).toBe(0);
  expect(await store.has(resultName(short!.id))).toBe(true);
  expect(worker.output()).toMatch('"state":"done"');

  const second = startWorker(folder.path);
  await queue.add([long!]);
  while ((await queue.jobs('active', 1)).length === 0) await sleep(20);
  second.child.kill('SIGINT');
  await second.prints(/again to give it back at once/);
  second.child.kill('SIGINT');
  expect(await second.ended).toBe(0);
  expect(second.output()).toMatch('"state":"given back"');
  expect((await queue.jobs('wait', 2)).map(({ id }) => id)).toEqual([long!.id]);
  expect(await store.has(resultName(long!.id))).toBe(false);
  await queue.cancel();
});

test('a worker can be stopped while the server is gone, and what it has done is kept', async () => {
  using folder = new Folder();
  await using mortal = await RedisServer.start();
  const store = new FolderStore(folder.path);
  const worker = startProcess(['worker', '--queue', mortal.url, '--store', folder.path, '--json']);
  await worker.prints(/"worker"/);
  const [task] = sleepTasks(1, 1_000);
  {
    await using queue = await openTestQueue(mortal.url, store);
    await queue.add([task!]);
    while ((await queue.jobs('active', 1)).length === 0) await sleep(20);
    await mortal.stop();
  }
  worker.child.kill('SIGTERM');
  expect(await worker.ended).toBe(0);
  expect(worker.output()).toMatch('"state":"done"');
  expect(await store.has(resultName(task!.id))).toBe(true);
});
