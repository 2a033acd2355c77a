/** Opens samples, or looks at them, in threads, or in this thread where there are none. */
import { existsSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { DecodeReply, DecodeRequest, DecodeTask } from './decode_worker.js';
import { type LookedFiles, type LookedSample, lookAtSample } from './look_at_sample.js';
import { type OpenedSample, openSample, type SampleFiles } from './open_sample.js';

/** Samples a thread has at a time: one is decoded while the next is read. */
const PER_THREAD = 2;

interface Job {
  readonly task: DecodeTask;
  readonly done: (done: OpenedSample | LookedSample) => void;
  readonly failed: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly jobs: Map<number, Job>;
}

/** The threads' script: beside this file in a build; the sources use the last build's script, since Node cannot run TypeScript. */
function scriptOf(): URL | undefined {
  const places = ['./decode_worker.js', '../../dist/node/decode_worker.js'].map((p) => new URL(p, import.meta.url));
  return places.find((place) => existsSync(place));
}

export class DecodePool {
  readonly #threads: Thread[] = [];
  readonly #waiting: Job[] = [];
  #ids = 0;
  #ended: Error | undefined;

  /**
   * @param threads number of threads; with 0, or without the script, this thread decodes
   * @param script that the threads run
   */
  constructor(threads: number, script: URL | undefined = scriptOf()) {
    if (!script) return;
    for (let i = 0; i < threads; i++) this.#start(script);
  }

  /** Threads at work. */
  get threads(): number {
    return this.#threads.length;
  }

  /** Opens a sample. @throws one line that names the file (as a rejection) */
  open(files: SampleFiles): Promise<OpenedSample> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (this.#threads.length === 0) return openSample(files);
    return this.#run({ kind: 'open', files }) as Promise<OpenedSample>;
  }

  /** Looks at a sample. */
  look(files: LookedFiles): Promise<LookedSample> {
    if (this.#ended) return Promise.reject(this.#ended);
    if (this.#threads.length === 0) return lookAtSample(files);
    return this.#run({ kind: 'look', files }) as Promise<LookedSample>;
  }

  #run(task: DecodeTask): Promise<OpenedSample | LookedSample> {
    return new Promise((done, failed) => {
      this.#waiting.push({ task, done, failed });
      this.#assign();
    });
  }

  /** Ends the threads; samples that are still awaited are rejected. */
  async close(): Promise<void> {
    this.#end(new Error('loader: closed while samples were awaited'));
    await Promise.all(this.#threads.map(({ worker }) => worker.terminate()));
  }

  #start(script: URL): void {
    const thread: Thread = { worker: new Worker(script), jobs: new Map() };
    thread.worker.on('message', (reply: DecodeReply) => {
      const job = thread.jobs.get(reply.id);
      thread.jobs.delete(reply.id);
      if ('done' in reply) job?.done(reply.done);
      else job?.failed(new Error(reply.error));
      this.#assign();
    });
    const gone = (why: string): void => {
      const files = [...thread.jobs.values()].map((job) => job.task.files.image);
      const during = files.length > 0 ? ` while decoding ${files.join(' or ')}` : '';
      this.#end(new Error(`loader: a decoding thread ended${during}: ${why.split('\n')[0]}; decode without threads`));
    };
    thread.worker.on('error', (error) => gone(error instanceof Error ? error.message : String(error)));
    thread.worker.on('exit', (code) => gone(`exit code ${code}`));
    this.#threads.push(thread);
  }

  #assign(): void {
    while (this.#waiting.length > 0) {
      const free = this.#threads.reduce((a, b) => (b.jobs.size < a.jobs.size ? b : a));
      if (free.jobs.size >= PER_THREAD) return;
      const job = this.#waiting.shift()!;
      const id = this.#ids++;
      free.jobs.set(id, job);
      free.worker.postMessage({ id, ...job.task } satisfies DecodeRequest);
    }
  }

  #end(error: Error): void {
    this.#ended ??= error;
    for (const { jobs } of this.#threads) {
      for (const job of jobs.values()) job.failed(error);
      jobs.clear();
    }
    for (const job of this.#waiting.splice(0)) job.failed(error);
  }
}
