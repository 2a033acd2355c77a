/** What a coordinator looks at now and then, since events of the server may be missed and the server may forget. */
import type { RunOptions } from './run_tasks.js';
import { resultName, type Task } from './task.js';
import type { TaskStates } from './task_states.js';

/** Jobs asked about at a time. */
const CHUNK = 500;
/** A job that waits for longer than this after a failure is started: a clock has jumped. */
const LONGEST_DELAY_MS = 60_000;

export class QueueChecks {
  readonly #states: TaskStates;
  readonly #options: RunOptions;
  /** When a job was first seen to wait after a failure, by the clock that never jumps. */
  readonly #delayedSince = new Map<string, number>();
  #toldOfWorkers = false;
  #cancelled = 0;
  workers: number | undefined;

  constructor(states: TaskStates, options: RunOptions) {
    this.#states = states;
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#cancelled = await this.#options.queue.cancellations();
  }

  /** One look at everything. @throws one line when a task has failed for good or was cancelled */
  async look(): Promise<void> {
    await this.#lookForCancel();
    await this.#addForgotten();
    await this.#lookForFailed();
    await this.#startDelayed();
    await this.#lookForWorkers();
  }

  /** Those of some tasks that have no result in the store; the others are finished. */
  async withoutResult(tasks: readonly Task[]): Promise<Task[]> {
    const there = await Promise.all(tasks.map(({ id }) => this.#options.store.has(resultName(id))));
    tasks.forEach((task, i) => {
      if (there[i]) this.#states.finish(task);
    });
    return tasks.filter((_, i) => !there[i]);
  }

  async #lookForCancel(): Promise<void> {
    const cancelled = await this.#options.queue.cancellations();
    if (cancelled > this.#cancelled) {
      throw new Error('queue: cancelled by "aaclip jobs cancel"; run the command again to go on');
    }
    this.#cancelled = cancelled;
  }

  /** In this order: a worker stores a result before its job goes. */
  async #addForgotten(): Promise<void> {
    const { queue } = this.#options;
    const queued = this.#states.queued;
    for (let at = 0; at < queued.length; at += CHUNK) {
      this.#states.throwIfFailed();
      const gone = await queue.forgotten(queued.slice(at, at + CHUNK));
      const tasks = gone.filter((id) => this.#states.isQueued(id)).map((id) => this.#states.get(id)!);
      await queue.add(await this.withoutResult(tasks));
    }
  }

  async #lookForFailed(): Promise<void> {
    const { queue } = this.#options;
    const id = (await queue.failedIds()).find((failed) => this.#states.isQueued(failed));
    if (id !== undefined) throw new Error(await queue.reasonOf(id));
  }

  async #startDelayed(): Promise<void> {
    const { queue } = this.#options;
    const delayed = new Set((await queue.delayedIds()).filter((id) => this.#states.isQueued(id)));
    const now = performance.now();
    for (const id of this.#delayedSince.keys()) if (!delayed.has(id)) this.#delayedSince.delete(id);
    for (const id of delayed) if (!this.#delayedSince.has(id)) this.#delayedSince.set(id, now);
    await queue.promote(
      [...delayed].filter(
        (id) => now - this.#delayedSince.get(id)! > (this.#options.longestDelayMs ?? LONGEST_DELAY_MS),
      ),
    );
  }

  async #lookForWorkers(): Promise<void> {
    const { queue, store, onNote } = this.#options;
    this.workers = await queue.workers();
    if (this.workers !== 0) this.#toldOfWorkers = false;
    else if (!this.#toldOfWorkers && this.#states.queuedCount > 0) {
      this.#toldOfWorkers = true;
      onNote?.(
        `queue ${queue.label}: no worker of this version with this store is connected; start some: aaclip worker --queue ${queue.label} --store ${store.where} --data DIR (aaclip jobs lists what is connected)`,
      );
    }
  }
}
