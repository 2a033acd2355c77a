/** How far each task of a command has got, and waiting for any of that to change. */
import type { Task } from './task.js';

export class TaskStates {
  readonly pictures: number;
  readonly #byId: ReadonlyMap<string, Task>;
  readonly #finished = new Set<string>();
  readonly #queued = new Set<string>();
  /** Pictures done of tasks that run. */
  readonly #partly = new Map<string, number>();
  readonly #waiters: (() => void)[] = [];
  #donePictures = 0;
  #error: Error | undefined;

  constructor(tasks: readonly Task[]) {
    this.#byId = new Map(tasks.map((task) => [task.id, task]));
    this.pictures = [...this.#byId.values()].reduce((sum, { pictures }) => sum + pictures, 0);
  }

  get(id: string): Task | undefined {
    return this.#byId.get(id);
  }

  isFinished(id: string): boolean {
    return this.#finished.has(id);
  }

  /** Whether a task is on the server, as far as we know. */
  isQueued(id: string): boolean {
    return this.#queued.has(id);
  }

  get queued(): readonly string[] {
    return [...this.#queued];
  }

  get queuedCount(): number {
    return this.#queued.size;
  }

  /** Pictures whose tasks are finished, with those done of tasks that run. */
  get done(): number {
    let done = this.#donePictures;
    for (const part of this.#partly.values()) done += part;
    return done;
  }

  queue(id: string): void {
    this.#queued.add(id);
  }

  finish(task: Task): void {
    if (this.#finished.has(task.id)) return;
    this.#finished.add(task.id);
    this.#queued.delete(task.id);
    this.#partly.delete(task.id);
    this.#donePictures += task.pictures;
    this.wake();
  }

  /** Takes back that a task is finished: its result has gone. */
  reopen(task: Task): void {
    if (this.#finished.delete(task.id)) this.#donePictures -= task.pictures;
  }

  /** @param done what a worker says, which may be anything */
  progressed(id: string, done: number): void {
    const task = this.#byId.get(id);
    if (task && this.#queued.has(id) && done >= 0) this.#partly.set(id, Math.min(done, task.pictures));
  }

  /** Ends the run: whoever waits gets the first error. */
  fail(error: Error): void {
    this.#error ??= error;
    this.wake();
  }

  /** @throws what the run has failed with */
  throwIfFailed(): void {
    if (this.#error) throw this.#error;
  }

  /** Waits for a change of any kind. @throws what the run has failed with */
  async change(): Promise<void> {
    this.throwIfFailed();
    await new Promise<void>((resolve) => this.#waiters.push(resolve));
    this.throwIfFailed();
  }

  /** Lets all that wait for a change look. */
  wake(): void {
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  /** What `work` gives, unless the run fails before. */
  async unlessFailed<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const failed = (async (): Promise<never> => {
      while (!settled) await this.change();
      return await new Promise<never>(() => undefined);
    })();
    failed.catch(() => undefined);
    try {
      return await Promise.race([work, failed]);
    } finally {
      settled = true;
      this.wake();
    }
  }
}
