/** `aaclip jobs`: what it lists, cancels and tries again, and its dashboard. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FolderStore } from '../../src/cli/queue/folder_store.js';
import { makeTask } from '../../src/cli/queue/task.js';
import { RedisServer } from '../../tools/redis_server.js';
import { Folder, openTestQueue, sleepTasks, startProcess, TestWorker } from './queue_parts.js';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

async function jobs(...args: string[]): Promise<string> {
  const run = startProcess(['jobs', ...args, '--queue', server.url]);
  expect(await run.ended, run.output()).toBe(0);
  return run.output();
}

test('jobs are listed, tried again and cancelled, and shown in a browser', async () => {
  using folder = new Folder();
  const store = new FolderStore(folder.path);
  await using queue = await openTestQueue(server.url, store);
  const poisoned = makeTask('sleep', { number: 7, ms: 0, fails: 'for good' }, 3);
  {
    await using _worker = await TestWorker.start(server.url, folder.path);
    await queue.add([poisoned]);
    while ((await queue.failedIds()).length === 0) await new Promise((done) => setTimeout(done, 20));
  }
  await queue.add(sleepTasks(4));

  const [row] = JSON.parse(await jobs('--json', '--store', folder.path)) as [Record<string, unknown>];
  expect(row).toMatchObject({ name: queue.name, workers: 0, waiting: 4, active: 0, failed: 1 });
  expect(row.jobs).toEqual([
    {
      id: poisoned.id,
      kind: 'sleep',
      pictures: 3,
      state: 'failed',
      worker: 'test',
      reason: 'sleep 7: fails for good, as it was told to',
    },
  ]);
  expect(await jobs()).toMatch(`failed sleep ${poisoned.id} (3 pictures) on test: sleep 7: fails for good`);

  expect(await jobs('retry')).toBe('retried: 1 jobs\n');
  expect(JSON.parse(await jobs('--json'))[0]).toMatchObject({ waiting: 5, failed: 0 });

  const board = startProcess(['jobs', '--dashboard', '--port', '0', '--json', '--queue', server.url]);
  await board.prints(/"dashboard"/);
  const { url } = (JSON.parse(board.output()) as { dashboard: { url: string } }).dashboard;
  expect(url).toMatch(/^http:\/\/127\.0\.0\.1:/);
  expect(await (await fetch(url)).text()).toMatch('<html');
  const shown = (await (await fetch(`${url}/api/queues`)).json()) as { queues: { name: string }[] };
  expect(shown.queues.map(({ name }) => name)).toEqual([queue.name]);
  board.child.kill('SIGINT');
  expect(await board.ended).toBe(0);

  expect(await jobs('cancel', '--store', folder.path)).toBe('cancelled: 5 jobs\n');
  expect(await jobs()).toBe('no jobs, and no workers\n');
});
