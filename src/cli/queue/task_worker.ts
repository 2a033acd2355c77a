/** A worker: takes tasks from a queue, has them done, and puts their results into the store. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job, Worker } from 'bullmq';
import { z } from 'zod';
import { printable } from '../../data/printable.js';
import { AaclipError } from '../../detect/errors.js';
import { executorOf } from './executors.js';
import type { Store } from './store.js';
import { type Json, makeTask, resultName, type Task, type TaskContext } from './task.js';
import { type JobData, PREFIX, type TaskQueue } from './task_queue.js';

/** Times that a task may take its worker down with it before it is given up. */
const MOST_DEATHS = 10;
/** Tasks in a row that failed on the device before the worker gives up. */
const MOST_DEVICE_FAILURES = 3;
const PROGRESS_MS = 500;
/** Between two looks at whether anything is left to wait for. */
const LEAVE_MS = 500;

const JOB = z.strictObject({
  kind: z.enum(['predict', 'test', 'train', 'sleep']),
  payload: z.json(),
  pictures: z.int().min(0),
});

/** What became of a task. */
export interface TaskNews {
  readonly task: Task;
  readonly state: 'done' | 'there already' | 'failed' | 'again' | 'given back';
  readonly seconds: number;
  /** Why, where it is not done. */
  readonly reason?: string;
}

export interface WorkerOptions {
  readonly queue: TaskQueue;
  readonly store: Store;
  readonly name: string;
  readonly concurrency: number;
  /** How long a worker that does not answer keeps its tasks. */
  readonly lockMs: number;
  readonly context: Omit<TaskContext, 'signal' | 'onProgress'>;
  readonly onNews: (news: TaskNews) => void;
  readonly onStart?: (task: Task) => void;
}

const lineOf = (error: unknown): string =>
  printable(error instanceof Error ? error.message : String(error)).split('\n')[0]!;

export class TaskWorker {
  readonly #options: WorkerOptions;
  /** Aborted when tasks are to be given back at once. */
  readonly #giveBack = new AbortController();
  readonly #failed: Promise<never>;
  #fail: (error: Error) => void = () => undefined;
  #worker: Worker<JobData> | undefined;
  #deviceFailures = 0;
  #running = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    this.#failed.catch(() => undefined);
  }

  /** Begins to take tasks. */
  async start(): Promise<void> {
    const { queue, name, concurrency, lockMs } = this.#options;
    const { Worker } = await import('bullmq');
    const take = (job: Job<JobData>, token: string | undefined, lost: AbortSignal | undefined): Promise<void> =>
      this.#take(job, token, lost);
    this.#worker = new Worker<JobData>(queue.name, take, {
      connection: queue.connection,
      prefix: PREFIX,
      name,
      concurrency,
      lockDuration: lockMs,
      stalledInterval: lockMs,
      maxStalledCount: MOST_DEATHS,
      // The server may have been restarted: look soon whether it is back.
      runRetryDelay: 500,
      drainDelay: 5,
    });
    // Lost connections are noted by the connection itself; a job whose lock is lost is somebody else's now.
    this.#worker.on('error', () => undefined);
    queue.failure.addEventListener('abort', () => this.#fail(queue.failure.reason as Error));
    await this.#worker.waitUntilReady();
  }

  /** Waits until the worker can no longer go on. @throws why, as one line */
  failure(): Promise<never> {
    return this.#failed;
  }

  /**
   * Takes no more tasks, and finishes those it has. Where the server is gone then, nobody waits for it: the results are in the
   * store, and the next worker to get their tasks finds them there.
   */
  async finish(): Promise<void> {
    const { connection } = this.#options.queue;
    let closed = false;
    const closing = this.#worker?.close().then(() => {
      closed = true;
    });
    while (!closed) {
      await Promise.race([closing, sleep(LEAVE_MS)]);
      if (closed || this.#running > 0 || connection.status === 'ready') continue;
      closing?.catch(() => undefined);
      return;
    }
  }

  /** Gives the tasks back that are being done; others will do them. */
  giveBack(): void {
    this.#giveBack.abort();
  }

  async #take(job: Job<JobData>, token: string | undefined, lost: AbortSignal | undefined): Promise<void> {
    const { UnrecoverableError, WaitingError } = await import('bullmq');
    const started = performance.now();
    const task = this.#taskOf(job);
    if (!task) throw new UnrecoverableError(`job ${printable(String(job.id))}: not a task of this program; remove it`);
    const tell = (state: TaskNews['state'], reason?: string): void =>
      this.#options.onNews({
        task,
        state,
        seconds: (performance.now() - started) / 1000,
        ...(reason === undefined ? {} : { reason }),
      });
    this.#options.onStart?.(task);
    this.#running++;
    const signal = AbortSignal.any([this.#giveBack.signal, ...(lost ? [lost] : [])]);
    try {
      const name = resultName(task.id);
      const there = await this.#options.store.has(name);
      if (!there) await this.#options.store.put(name, await this.#execute(task, job, signal));
      tell(there ? 'there already' : 'done');
      this.#deviceFailures = 0;
    } catch (error) {
      const reason = lineOf(error);
      const code = error instanceof AaclipError ? error.code : undefined;
      if (this.#giveBack.signal.aborted || code === 'aborted') {
        tell('given back', reason);
        // Where the server is gone, others get the task when its lock has run out.
        if (this.#options.queue.connection.status === 'ready') await job.moveToWait(token);
        throw new WaitingError(reason);
      }
      const ends = code !== undefined && code !== 'device';
      const last = ends || job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
      tell(last ? 'failed' : 'again', reason);
      if (code === 'device' && ++this.#deviceFailures >= MOST_DEVICE_FAILURES) {
        this.#fail(new Error(`${reason} (${MOST_DEVICE_FAILURES} tasks in a row: this worker stops)`));
      }
      throw ends ? new UnrecoverableError(reason) : new Error(reason);
    } finally {
      this.#running--;
    }
  }

  /** The task in a job; undefined where anything in it is not as this program makes it. */
  #taskOf(job: Job<JobData>): Task | undefined {
    const read = JOB.safeParse(job.data);
    if (!read.success) return undefined;
    const task = makeTask(read.data.kind, read.data.payload as Json, read.data.pictures);
    return task.id === job.id ? task : undefined;
  }

  async #execute(task: Task, job: Job<JobData>, signal: AbortSignal): Promise<Uint8Array> {
    const execute = await executorOf(task.kind);
    if (!execute) throw new AaclipError('options', `task ${task.id}: no code for kind ${task.kind}; update the worker`);
    const ended = new AbortController();
    const aborted = new Promise<never>((_, reject) => {
      const give = (): void => reject(new AaclipError('aborted', `task ${task.id}: given back`));
      if (signal.aborted) give();
      signal.addEventListener('abort', give, { signal: ended.signal });
    });
    try {
      return await Promise.race([this.#attempt(execute, task, job, signal), aborted]);
    } finally {
      ended.abort();
    }
  }

  /** Tries a second time where the device failed: it is opened again then. */
  async #attempt(
    execute: NonNullable<Awaited<ReturnType<typeof executorOf>>>,
    task: Task,
    job: Job<JobData>,
    signal: AbortSignal,
  ): Promise<Uint8Array> {
    let told = 0;
    const onProgress = (done: number): void => {
      if (performance.now() - told < PROGRESS_MS || this.#options.queue.connection.status !== 'ready') return;
      told = performance.now();
      void job.updateProgress(done).catch(() => undefined);
    };
    const context = { ...this.#options.context, signal, onProgress };
    try {
      return await execute(task.payload, context);
    } catch (error) {
      if (!(error instanceof AaclipError && error.code === 'device') || signal.aborted) throw error;
      this.#options.onNews({ task, state: 'again', seconds: 0, reason: `${lineOf(error)}; opening the device again` });
      return execute(task.payload, context);
    }
  }
}
