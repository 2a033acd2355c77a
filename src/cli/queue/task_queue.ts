/** The queue in Redis that carries tasks, as coordinator and worker see it. */
import type { Job, Queue, QueueEvents } from 'bullmq';
import type { Redis } from 'ioredis';
import { AaclipError } from '../../detect/errors.js';
import { programVersion } from '../program.js';
import { connectQueue, type QueueAddress } from './queue_address.js';
import { serverError } from './redis_errors.js';
import type { Store } from './store.js';
import type { Json, Task } from './task.js';

/** In front of all keys of ours, so that a server can be shared. */
export const PREFIX = 'aaclip';
/** The set of all queues that were ever used, for `aaclip jobs`. */
const NAMES = `${PREFIX}:queues`;
const ATTEMPTS = 5;
const BACKOFF_MS = 1_000;

/** What a job carries besides its id. */
export interface JobData {
  readonly kind: string;
  readonly payload: Json;
  readonly pictures: number;
}

/**
 * The name of the queue for a store. It holds the version and the store's id: a worker of another version, or one that looks
 * at another folder, never sees a job whose result it could not give.
 */
export async function queueName(store: Store): Promise<string> {
  return `${programVersion()}-${(await store.identity()).replaceAll('-', '').slice(0, 12)}`;
}

/** A state of jobs that counts as an end; `undefined` jobs are forgotten by the server. */
export type TaskEnd = { readonly id: string; readonly failed?: string };

/** BullMQ's reason for a job whose workers went away too often, in words that help. */
function reasonLine(id: string, reason: string): string {
  if (!/stalled more than/.test(reason)) return reason;
  return `task ${id}: each worker that took it died; see what they wrote last, and "aaclip jobs retry" once it is mended`;
}

export class TaskQueue implements AsyncDisposable {
  readonly name: string;
  readonly label: string;
  readonly #redis: Redis;
  readonly #queue: Queue<JobData>;
  #events: QueueEvents | undefined;
  /** Aborted by what waiting does not mend. */
  readonly #fatal: AbortController;

  private constructor(name: string, label: string, redis: Redis, queue: Queue<JobData>, fatal: AbortController) {
    this.name = name;
    this.label = label;
    this.#redis = redis;
    this.#queue = queue;
    this.#fatal = fatal;
  }

  /**
   * Connects to a queue.
   * @param name of `queueName`
   * @param onNote told when the server goes away and comes back
   * @throws one line when the server cannot be used
   */
  static async open(address: QueueAddress, name: string, onNote: (note: string) => void): Promise<TaskQueue> {
    const fatal = new AbortController();
    const redis = await connectQueue(address, onNote, (error) => fatal.abort(error));
    try {
      const { Queue } = await import('bullmq');
      const queue = new Queue<JobData>(name, { connection: redis, prefix: PREFIX });
      // Lost connections are noted by the connection itself.
      queue.on('error', () => undefined);
      await queue.waitUntilReady();
      await redis.sadd(NAMES, name);
      return new TaskQueue(name, address.label, redis, queue, fatal);
    } catch (error) {
      redis.disconnect();
      throw serverError(address.label, error);
    }
  }

  /** Aborted, with one line as its reason, when the server can no longer be used. */
  get failure(): AbortSignal {
    return this.#fatal.signal;
  }

  /** BullMQ's own object; for the worker and the dashboard. */
  get bull(): Queue<JobData> {
    return this.#queue;
  }

  get connection(): Redis {
    return this.#redis;
  }

  /** Calls back when the connection has been made again. */
  onReconnect(back: () => void): void {
    this.#redis.on('ready', back);
  }

  /** Runs a command; an error reply becomes one line. */
  async #run<T>(work: Promise<T>): Promise<T> {
    try {
      return await work;
    } catch (error) {
      throw serverError(this.label, error);
    }
  }

  /** Adds tasks; those whose jobs are there already stay as they are. */
  async add(tasks: readonly Task[]): Promise<void> {
    if (tasks.length === 0) return;
    await this.#run(this.#redis.sadd(NAMES, this.name));
    await this.#run(
      this.#queue.addBulk(
        tasks.map(({ kind, id, payload, pictures }) => ({
          name: kind,
          data: { kind, payload, pictures },
          opts: {
            jobId: id,
            attempts: ATTEMPTS,
            backoff: { type: 'exponential', delay: BACKOFF_MS, jitter: 0.5 },
            // Its result is in the store; what failed stays, with its reason.
            removeOnComplete: true,
            removeOnFail: false,
          },
        })),
      ),
    );
  }

  /** Which of some tasks the server has no job for. */
  async forgotten(ids: readonly string[]): Promise<string[]> {
    const pipeline = this.#redis.pipeline();
    for (const id of ids) pipeline.exists(this.#queue.toKey(id));
    const answers = await this.#run(pipeline.exec());
    for (const [error] of answers ?? []) if (error) throw serverError(this.label, error);
    return ids.filter((_, i) => answers?.[i]?.[1] === 0);
  }

  /** The ids of all jobs that failed for good. */
  async failedIds(): Promise<string[]> {
    return this.#run(this.#redis.zrange(this.#queue.toKey('failed'), '0', '-1'));
  }

  async reasonOf(id: string): Promise<string> {
    const job = await this.#run(this.#queue.getJob(id));
    return reasonLine(
      id,
      job?.failedReason ?? `task ${id}: the server does not say why it failed; run the command again`,
    );
  }

  /** Lets jobs that failed run again, with all their attempts. */
  async retry(ids: readonly string[]): Promise<number> {
    let count = 0;
    for (const id of ids) {
      const job = await this.#run(this.#queue.getJob(id));
      if (!job) continue;
      // Another process may have done so meanwhile.
      await job.retry('failed', { resetAttemptsMade: true }).then(
        () => count++,
        () => undefined,
      );
    }
    return count;
  }

  /** Starts jobs that wait after a failure: their time is read from clocks, which may have jumped. */
  async promote(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      const job = await this.#run(this.#queue.getJob(id));
      await job?.promote().catch(() => undefined);
    }
  }

  /** The ids of jobs that wait after a failure. */
  async delayedIds(): Promise<string[]> {
    return this.#run(this.#redis.zrange(this.#queue.toKey('delayed'), '0', '-1'));
  }

  /** Removes jobs that nobody works on. */
  async remove(ids: readonly string[]): Promise<void> {
    for (let at = 0; at < ids.length; at += 256) {
      // One that a worker holds cannot be removed: it ends by itself.
      await Promise.all(ids.slice(at, at + 256).map((id) => this.#queue.remove(id).catch(() => 0)));
    }
  }

  /** How many workers of this version, with this store, are connected; undefined where the server does not tell. */
  async workers(): Promise<number | undefined> {
    return this.#queue.getWorkersCount().catch(() => undefined);
  }

  /** Counts how often jobs of this queue were cancelled. */
  async cancellations(): Promise<number> {
    return Number((await this.#run(this.#redis.get(this.#queue.toKey('cancelled')))) ?? 0);
  }

  /** Removes all jobs that wait, and tells the commands that queued them. @returns how many were removed */
  async cancel(): Promise<number> {
    await this.#run(this.#redis.incr(this.#queue.toKey('cancelled')));
    const count = await this.#run(this.#queue.getJobCountByTypes('wait', 'delayed', 'prioritized', 'failed'));
    await this.#run(this.#queue.drain(true));
    await this.#run(this.#queue.clean(0, 0, 'failed'));
    return count;
  }

  jobs(state: 'active' | 'failed' | 'wait', most: number): Promise<Job<JobData>[]> {
    return this.#run(this.#queue.getJobs([state], 0, most - 1));
  }

  /** Listens to ends and progress of jobs. Some may be missed while the connection is lost. */
  async listen(onEnd: (end: TaskEnd) => void, onProgress: (id: string, done: number) => void): Promise<void> {
    const { QueueEvents } = await import('bullmq');
    const events = new QueueEvents(this.name, { connection: this.#redis, prefix: PREFIX });
    this.#events = events;
    events.on('error', () => undefined);
    events.on('completed', ({ jobId }) => onEnd({ id: jobId }));
    events.on('failed', ({ jobId, failedReason }) => onEnd({ id: jobId, failed: reasonLine(jobId, failedReason) }));
    events.on('progress', ({ jobId, data }) => onProgress(jobId, Number(data)));
    await this.#run(events.waitUntilReady());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Closing politely waits for the server, which may be gone.
    const gone = this.#redis.status !== 'ready';
    if (!gone) await Promise.all([this.#events?.close(), this.#queue.close()]).catch(() => undefined);
    else void Promise.allSettled([this.#events?.disconnect(), this.#queue.disconnect()]);
    this.#redis.disconnect();
  }
}

/** The names of all queues on a server. */
export async function queueNames(redis: Redis): Promise<string[]> {
  return (await redis.smembers(NAMES)).sort();
}

/** The error of a caller that has aborted. */
export function abortedError(signal: AbortSignal): AaclipError {
  return new AaclipError('aborted', 'queue: stopped; run the command again to go on', { cause: signal.reason });
}
