/** `npm run queue-speed`: what the queue costs beside the work: its share with many workers, tasks a second, memory of Redis. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { FileFetcher } from '#src/cli/queue/file_refs';
import { ModelCache } from '#src/cli/queue/model_cache';
import { queueAddress } from '#src/cli/queue/queue_address';
import { runTasks } from '#src/cli/queue/run_tasks';
import { SharedFolders } from '#src/cli/queue/shared_folders';
import { openStore } from '#src/cli/queue/store';
import { makeTask, type Task } from '#src/cli/queue/task';
import { queueName, TaskQueue } from '#src/cli/queue/task_queue';
import { TaskWorker } from '#src/cli/queue/task_worker';
import { runCommand, wholeNumber } from './command.js';
import { RedisServer } from './redis_server.js';

const USAGE = `usage: npm run queue-speed -- [--ms N] [--tasks N] [--jobs N]

Starts a Redis server of its own on this machine and measures what the queue costs. No device works: a task sleeps, which stands
for one. All workers are in this process, each with its own connections, so that its one thread does the work of all of them and
of the coordinator.

  --ms N      how long a task sleeps (default 200)
  --tasks N   tasks for each worker (default 20)
  --jobs N    jobs put on the server to measure its memory (default 100000; the published figure is of 1000000)
`;

const WORKERS = [1, 2, 4, 8, 16, 32];
/** Tasks without any work, for the rate. */
const EMPTY = 2_000;
/** Pictures of a task, unless flags say otherwise. */
const PICTURES = 32;

let made = 0;
/** As long as any print. */
const print = '0123456789abcdef'.repeat(2);
const sleepTasks = (count: number, ms: number): Task[] =>
  Array.from({ length: count }, () => makeTask('sleep', { number: made++, ms }, 1));

/** A task as `aaclip test` queues it, every third picture faulty and with a mask. */
const longTask = (i: number): Task =>
  makeTask(
    'test',
    {
      plan: { name: 'plan.json', fingerprint: print },
      epoch: 20,
      pictures: Array.from({ length: PICTURES }, (_, k) => {
        const number = String(PICTURES * i + k).padStart(7, '0');
        const file = { path: `mvtec/metal_nut/test/scratch/${number}.png`, print };
        const mask = { path: `mvtec/metal_nut/ground_truth/scratch/${number}_mask.png`, print };
        const about = { class: 'MVTec/metal_nut', bytes: 2_100_000 };
        return k % 3 === 0 ? { file, mask, label: 1, ...about } : { file, label: 0, ...about };
      }),
    },
    PICTURES,
  );

class Bench implements AsyncDisposable {
  readonly #url: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'aaclip-queue-speed-'));

  constructor(url: string) {
    this.#url = url;
  }

  async #open(): Promise<{ queue: TaskQueue; store: Awaited<ReturnType<typeof openStore>> }> {
    const store = await openStore(this.#folder);
    const note = (text: string): void => void process.stderr.write(`${text}\n`);
    return { store, queue: await TaskQueue.open(queueAddress(this.#url), await queueName(store), note) };
  }

  async #worker(i: number): Promise<() => Promise<void>> {
    const { queue, store } = await this.#open();
    const worker = new TaskWorker({
      queue,
      store,
      name: `worker ${i}`,
      concurrency: 1,
      lockMs: 30_000,
      context: { files: new FileFetcher(store), roots: new SharedFolders([]), models: new ModelCache(0), device: {} },
      onNews: () => undefined,
    });
    await worker.start();
    return async () => {
      await worker.finish();
      await queue[Symbol.asyncDispose]();
    };
  }

  /** Seconds that some workers take for tasks. */
  async seconds(workers: number, tasks: readonly Task[]): Promise<number> {
    const stops = await Promise.all(Array.from({ length: workers }, (_, i) => this.#worker(i)));
    const { queue, store } = await this.#open();
    const start = performance.now();
    for await (const _ of runTasks(tasks, { queue, store }));
    const seconds = (performance.now() - start) / 1000;
    await Promise.all(stops.map((stop) => stop()));
    await queue[Symbol.asyncDispose]();
    return seconds;
  }

  /** Bytes of the server's memory that a job takes. */
  async bytesOfJob(count: number, make: (i: number) => Task): Promise<number> {
    const { queue } = await this.#open();
    const used = async (): Promise<number> =>
      Number(/used_memory:(\d+)/.exec(await queue.connection.info('memory'))![1]);
    const before = await used();
    for (let at = 0; at < count; at += 1_000) {
      await queue.add(Array.from({ length: Math.min(1_000, count - at) }, (_, i) => make(at + i)));
    }
    const bytes = (await used()) - before;
    await queue.connection.flushdb();
    await queue[Symbol.asyncDispose]();
    return bytes / count;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const options = {
    ms: { type: 'string' },
    tasks: { type: 'string' },
    jobs: { type: 'string' },
    help: { type: 'boolean' },
  } as const;
  const { values } = parseArgs({ options });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const ms = wholeNumber('ms', values.ms ?? '200', 1);
  const each = wholeNumber('tasks', values.tasks ?? '20', 1);
  const jobs = wholeNumber('jobs', values.jobs ?? '100000', 1);
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  await using server = await RedisServer.start();
  await using bench = new Bench(server.url);
  await bench.seconds(1, sleepTasks(20, 1));
  say(`a task sleeps ${ms} ms; ${each} tasks for each worker; all workers in one process`);
  for (const workers of WORKERS) {
    const seconds = await bench.seconds(workers, sleepTasks(each * workers, ms));
    const share = (each * ms) / 1000 / seconds;
    say(`${String(workers).padStart(2)} workers: ${seconds.toFixed(2)} s, ${share.toFixed(3)} of linear`);
  }
  const rate = EMPTY / (await bench.seconds(4, sleepTasks(EMPTY, 0)));
  say(`tasks without work, 4 workers: ${rate.toFixed(0)} a second`);
  const rows = [
    ['a job of the stand-in', (i: number) => makeTask('sleep', { number: i, ms: 0 }, 1)],
    [`a job that names ${PICTURES} pictures`, longTask],
  ] as const;
  for (const [title, make] of rows) {
    const bytes = await bench.bytesOfJob(jobs, make);
    say(`${title}: ${bytes.toFixed(0)} bytes of the server's memory (mean of ${jobs})`);
  }
}

await runCommand(main, 'queue-speed: ');
