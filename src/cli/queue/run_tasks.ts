/**
 * The coordinator: has tasks done by whoever works on a queue. What is finished is what has a result in the store. The server
 * only carries jobs, and may forget them.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { QueueChecks } from './queue_checks.js';
import type { Store } from './store.js';
import { resultName, type Task } from './task.js';
import { abortedError, type TaskEnd, type TaskQueue } from './task_queue.js';
import { TaskStates } from './task_states.js';

/** Most jobs of a command on the server at a time; further ones follow as these end. */
const WINDOW = 10_000;
/** Tasks that are looked up and added at a time. */
const CHUNK = 500;
/** Between two looks at what events may have left out, and before the first one. */
const LOOK_MS = 5_000;
const FIRST_LOOK_MS = 2_000;
/** How long a result may stay away after its job has ended: folders over a network show files late. */
const LATE_MS = 500;

export interface RunProgress {
  /** Pictures whose tasks are finished, with those done of tasks that run. */
  readonly done: number;
  readonly pictures: number;
  /** Workers connected; undefined where the server does not tell. */
  readonly workers: number | undefined;
}

export interface RunOptions {
  readonly queue: TaskQueue;
  readonly store: Store;
  readonly onProgress?: (progress: RunProgress) => void;
  /** Told what a user should know, one line at a time. */
  readonly onNote?: (note: string) => void;
  readonly signal?: AbortSignal | undefined;
  /** Most jobs on the server at a time. */
  readonly window?: number;
  /** Milliseconds between two looks at what events may have left out. */
  readonly lookMs?: number;
  /** A job that waits for longer than this after a failure is started: a clock has jumped. */
  readonly longestDelayMs?: number;
}

export interface TaskResult {
  readonly task: Task;
  readonly result: Uint8Array;
}

class Run {
  readonly #tasks: readonly Task[];
  readonly #options: RunOptions;
  readonly #states: TaskStates;
  readonly #checks: QueueChecks;
  /** Aborted when nobody wants results any more. */
  readonly #over = new AbortController();

  constructor(tasks: readonly Task[], options: RunOptions) {
    this.#tasks = tasks;
    this.#options = options;
    this.#states = new TaskStates(tasks);
    this.#checks = new QueueChecks(this.#states, options);
  }

  async *results(): AsyncGenerator<TaskResult, void, undefined> {
    const { queue, signal } = this.#options;
    const states = this.#states;
    const stop = (): void => states.fail(signal?.aborted ? abortedError(signal) : (queue.failure.reason as Error));
    const signals = [signal, queue.failure].filter((s) => s !== undefined);
    for (const s of signals) {
      if (s.aborted) stop();
      s.addEventListener('abort', stop);
    }
    let jobs: Promise<unknown>[] = [];
    try {
      states.throwIfFailed();
      await states.unlessFailed(this.#start());
      jobs = [this.#keepFilled(), this.#keepLooking()].map((job) => job.catch((error: Error) => states.fail(error)));
      for (const task of this.#tasks) yield { task, result: await this.#resultOf(task) };
    } finally {
      this.#over.abort();
      states.wake();
      for (const s of signals) s.removeEventListener('abort', stop);
      await this.#leave(jobs);
    }
  }

  async #start(): Promise<void> {
    const { queue } = this.#options;
    await this.#checks.start();
    const onEnd = ({ id, failed }: TaskEnd): void => {
      const task = this.#states.get(id);
      if (!task || this.#states.isFinished(id)) return;
      if (failed !== undefined) this.#states.fail(new Error(failed));
      else this.#states.finish(task);
      this.#tell();
    };
    await queue.listen(onEnd, (id, done) => {
      this.#states.progressed(id, done);
      this.#tell();
    });
  }

  #tell(): void {
    const { done, pictures } = this.#states;
    this.#options.onProgress?.({ done, pictures, workers: this.#checks.workers });
  }

  async #resultOf(task: Task): Promise<Uint8Array> {
    const { store, queue } = this.#options;
    for (;;) {
      while (!this.#states.isFinished(task.id)) await this.#states.change();
      let result = await store.get(resultName(task.id));
      if (!result) {
        await sleep(LATE_MS);
        result = await store.get(resultName(task.id));
      }
      if (result) return result;
      // Somebody has removed it.
      this.#states.reopen(task);
      this.#states.queue(task.id);
      await queue.add([task]);
    }
  }

  /** Adds tasks without a result, as long as there is room. */
  async #keepFilled(): Promise<void> {
    const { queue, window = WINDOW } = this.#options;
    const states = this.#states;
    const failed = new Set(await queue.failedIds());
    for (let next = 0; next < this.#tasks.length && !this.#over.signal.aborted; ) {
      const room = Math.min(CHUNK, window - states.queuedCount);
      if (room <= 0) {
        await states.change();
        continue;
      }
      const chunk = this.#tasks.slice(next, next + room);
      next += chunk.length;
      const missing = await this.#checks.withoutResult(chunk);
      this.#tell();
      // They failed in an earlier run; whoever starts it again has done something about it.
      await queue.retry(missing.map(({ id }) => id).filter((id) => failed.has(id)));
      for (const { id } of missing) states.queue(id);
      await queue.add(missing);
    }
  }

  /** Looks now and then at what events may have left out, and as soon as a lost connection is back. */
  async #keepLooking(): Promise<void> {
    const { queue, lookMs = LOOK_MS } = this.#options;
    const { signal } = this.#over;
    let early = new AbortController();
    queue.onReconnect(() => early.abort());
    let ms = Math.min(lookMs, FIRST_LOOK_MS);
    while (!signal.aborted) {
      await sleep(ms, undefined, { signal: AbortSignal.any([signal, early.signal]) }).catch(() => undefined);
      early = new AbortController();
      if (signal.aborted) return;
      await this.#checks.look();
      this.#tell();
      ms = lookMs;
    }
  }

  /** Removes what nobody waits for any more. Another command that waits for the same adds it again. */
  async #leave(jobs: readonly Promise<unknown>[]): Promise<void> {
    const { queue } = this.#options;
    // Where the server is gone, these wait for it.
    if (queue.connection.status !== 'ready') return;
    await Promise.all(jobs);
    // What failed stays, with its reason.
    const failed = new Set(await queue.failedIds());
    await queue.remove(this.#states.queued.filter((id) => !failed.has(id)));
  }
}

/**
 * Has tasks done on the machines that work on a queue.
 *
 * Yields in the order of `tasks`, whatever the order they end in. A task whose result is in the store is not queued, so a run
 * that was stopped goes on where it was. Tasks that are equal are done once.
 * @throws one line when a task failed for good, or the server cannot be used; an `AaclipError` of code `aborted` when `signal`
 *   was aborted
 */
export function runTasks(tasks: readonly Task[], options: RunOptions): AsyncGenerator<TaskResult, void, undefined> {
  return new Run(tasks, options).results();
}
