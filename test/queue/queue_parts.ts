/** What tests of the queue have in common: a store of their own, workers in this process, and processes of the command line. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FileFetcher } from '../../src/cli/queue/file_refs.js';
import { FolderStore } from '../../src/cli/queue/folder_store.js';
import { ModelCache } from '../../src/cli/queue/model_cache.js';
import { queueAddress } from '../../src/cli/queue/queue_address.js';
import { SharedFolders } from '../../src/cli/queue/shared_folders.js';
import type { Store } from '../../src/cli/queue/store.js';
import { makeTask, type Task } from '../../src/cli/queue/task.js';
import { queueName, TaskQueue } from '../../src/cli/queue/task_queue.js';
import { type TaskNews, TaskWorker } from '../../src/cli/queue/task_worker.js';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** A folder that goes with the test. */
export class Folder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'aaclip-store-'));

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export const sleepTasks = (count: number, ms: number | ((i: number) => number) = 1): Task[] =>
  Array.from({ length: count }, (_, i) => makeTask('sleep', { number: i, ms: typeof ms === 'number' ? ms : ms(i) }, 1));

/** The result of the i-th of `sleepTasks`. */
export const slept = (i: number): string => `slept ${i}\n`;

export async function openTestQueue(url: string, store: Store, notes: string[] = []): Promise<TaskQueue> {
  return TaskQueue.open(queueAddress(url), await queueName(store), (note) => void notes.push(note));
}

/** A worker in this process. */
export class TestWorker implements AsyncDisposable {
  readonly news: TaskNews[] = [];
  readonly worker: TaskWorker;
  readonly #queue: TaskQueue;

  private constructor(queue: TaskQueue, store: Store, lockMs: number) {
    this.#queue = queue;
    this.worker = new TaskWorker({
      queue,
      store,
      name: 'test',
      concurrency: 1,
      lockMs,
      context: { files: new FileFetcher(store), roots: new SharedFolders([]), models: new ModelCache(1e9), device: {} },
      onNews: (news) => void this.news.push(news),
    });
  }

  static async start(url: string, folder: string, lockMs = 1_000): Promise<TestWorker> {
    const store = new FolderStore(folder);
    const worker = new TestWorker(await openTestQueue(url, store), store, lockMs);
    await worker.worker.start();
    return worker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#queue.failure.aborted) return this.#queue[Symbol.asyncDispose]();
    this.worker.giveBack();
    await this.worker.finish();
    await this.#queue[Symbol.asyncDispose]();
  }
}

export interface Started {
  readonly child: ChildProcess;
  /** All it has printed so far, both streams together. */
  output(): string;
  /** Waits until it prints something. */
  prints(pattern: RegExp): Promise<void>;
  /** Waits for its end. */
  readonly ended: Promise<number | null>;
}

/**
 * Starts a process of Node, by default of the command line.
 * @param enter put before it, to start it on another host
 */
export function startProcess(
  args: readonly string[],
  main = MAIN,
  env: NodeJS.ProcessEnv = {},
  enter: readonly string[] = [],
): Started {
  const [program, ...words] = [...enter, process.execPath, main, ...args];
  const child = spawn(program!, words, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let text = '';
  const waiting: (() => void)[] = [];
  const take = (chunk: Buffer): void => {
    text += chunk.toString();
    for (const look of [...waiting]) look();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const prints = (pattern: RegExp): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if (!pattern.test(text)) return;
        waiting.splice(waiting.indexOf(look), 1);
        resolve();
      };
      waiting.push(look);
      look();
      setTimeout(() => reject(new Error(`did not print ${pattern} within a minute: ${text}`)), 60_000).unref();
      void ended.then(() => reject(new Error(`ended before it printed ${pattern}: ${text}`)));
    });
  return { child, output: () => text, prints, ended };
}
