/** The page's side of the worker: jobs as promises, with progress and an end by signal. */
import type { EngineRequest, EngineResults, Failure, FromEngine, Stage, ToEngine } from '#src/web/engine_messages';
import type { TrainStep } from '#src/web/train_messages';
import merges from '../../weights/clip_merges.txt?url';
import clip from '../../weights/tiny/clip.safetensors?url';
import image from '../../weights/tiny/image_adapter.safetensors?url';
import text from '../../weights/tiny/text_adapter.safetensors?url';
import ready from '../samples/ready.safetensors?url';
import workerCode from '../worker.ts?worker&url';

/** A job that failed, for the reason that the worker gives. */
export class JobError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** The failure that an error stands for. */
export function failureOf(error: unknown): Failure {
  if (error instanceof JobError) return error.failure;
  return { code: 'internal', message: error instanceof Error ? error.message : String(error) };
}

export interface JobOptions {
  /** Called with each step of a training. */
  readonly onStep?: ((step: TrainStep) => void) | undefined;
  /** Called with the number of the job, by which it can be held. */
  readonly onId?: ((id: number) => void) | undefined;
  readonly onStage?: ((stage: Stage, share: number | undefined) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Buffers of the request that the page needs no more: they are not copied. */
  readonly handOver?: readonly ArrayBuffer[] | undefined;
}

interface Job {
  readonly resolve: (result: never) => void;
  readonly reject: (error: Error) => void;
  readonly onStage: JobOptions['onStage'];
  readonly onStep: JobOptions['onStep'];
}

/**
 * The code of the worker as a blob of the page's own: so the page's security policy binds the worker too, which it does not where
 * a worker is loaded from a file.
 */
async function startWorker(): Promise<Worker> {
  if (import.meta.env.DEV) return new Worker(workerCode, { type: 'module' });
  const packed = await fetch(workerCode);
  if (!packed.ok || !packed.body) throw new Error(`${workerCode}: the server says ${packed.status}: reload the page`);
  const code = await new Response(packed.body.pipeThrough(new DecompressionStream('gzip'))).blob();
  const address = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
  const worker = new Worker(address);
  worker.addEventListener('message', () => URL.revokeObjectURL(address), { once: true });
  return worker;
}

const at = (address: string): string => new URL(address, document.baseURI).href;

export class EngineClient {
  /** Told of a calibration that does not hold for the model any more, and why. */
  onDropped: (className: string, message: string) => void = () => undefined;
  #worker: Promise<Worker> | undefined;
  #next = 1;
  readonly #jobs = new Map<number, Job>();

  /** Asks for a job. @throws JobError (as a rejection) */
  async ask<K extends EngineRequest['kind']>(
    request: Extract<EngineRequest, { kind: K }>,
    { onStage, onStep, onId, signal, handOver = [] }: JobOptions = {},
  ): Promise<EngineResults[K]> {
    const worker = await this.#open();
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#jobs.set(id, { resolve: resolve as (result: never) => void, reject, onStage, onStep });
      onId?.(id);
      const tell = (message: ToEngine): void => worker.postMessage(message);
      worker.postMessage({ kind: 'job', id, request } satisfies ToEngine, [...handOver]);
      const stop = (): void => tell({ kind: 'stop', id });
      if (signal?.aborted) stop();
      else signal?.addEventListener('abort', stop, { once: true });
    });
  }

  /** Holds the training of that number, or lets it go on. */
  async pause(id: number, paused: boolean): Promise<void> {
    (await this.#open()).postMessage({ kind: 'pause', id, paused } satisfies ToEngine);
  }

  #open(): Promise<Worker> {
    this.#worker ??= this.#start().catch((error: unknown) => {
      this.#worker = undefined;
      throw error;
    });
    return this.#worker;
  }

  async #start(): Promise<Worker> {
    const worker = await startWorker();
    worker.onmessage = ({ data }: MessageEvent<FromEngine>) => this.#receive(data);
    // Not a failed job but a worker that has ended: the next job starts another one.
    worker.onerror = (event) => {
      worker.terminate();
      this.#worker = undefined;
      const message = `the worker failed (${event.message || 'no reason given'}): try again, or reload the page`;
      for (const { reject } of this.#jobs.values()) reject(new JobError({ code: 'internal', message }));
      this.#jobs.clear();
    };
    const files = { merges: at(merges), clip: at(clip), text: at(text), image: at(image), ready: at(ready) };
    worker.postMessage({ kind: 'open', files } satisfies ToEngine);
    return worker;
  }

  #receive(message: FromEngine): void {
    if (message.kind === 'dropped') {
      this.onDropped(message.className, message.message);
      return;
    }
    const job = this.#jobs.get(message.id);
    if (!job) return;
    if (message.kind === 'progress') {
      job.onStage?.(message.stage, message.share);
      return;
    }
    if (message.kind === 'step') {
      job.onStep?.(message.step);
      return;
    }
    this.#jobs.delete(message.id);
    if (message.kind === 'done') job.resolve(message.result as never);
    else job.reject(new JobError(message.failure));
  }
}
