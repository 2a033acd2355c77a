import { afterAll, beforeAll, expect, test } from 'vitest';
import { FolderStore } from '../../src/cli/queue/folder_store.js';
import { type RunOptions, runTasks } from '../../src/cli/queue/run_tasks.js';
import type { Task } from '../../src/cli/queue/task.js';
import { Folder, openTestQueue, sleepTasks, slept, TestWorker } from './queue_parts.js';
import { RedisServer } from './redis_server.js';

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
