/** Pictures of requests, judged in batches: those that arrive together go through the towers together. */
import { AaclipError } from '../../detect/errors.js';
import type { Asked, Judge, Verdict } from '../judge.js';
import { ServiceError } from './service_error.js';

export interface QueueOptions {
  readonly judge: Judge;
  /** Most pictures of a batch. */
  readonly batch: number;
  /** Milliseconds that a picture waits for others to come; while the device works on a batch, up to half of what one takes. */
  readonly gather: number;
  /** Most pictures that wait. */
  readonly most: number;
  /** Told about each batch that was judged. */
  readonly onBatch?: (pictures: number) => void;
  readonly onNote: (note: string) => void;
}

interface Entry extends Asked {
  readonly since: number;
  readonly done: (verdict: Verdict) => void;
  readonly failed: (error: Error) => void;
  /** Batches it was part of. */
  tries: number;
  /** Nobody waits for it any more. */
  dropped: boolean;
}

/** Batches at a time: one is decoded and given to the device while it works on the other. */
const AT_ONCE = 2;
/** A picture whose batch meets a failing device is judged again once: it may be what makes the device fail. */
const TRIES = 2;
const MOST_WAIT_MS = 30_000;

export class RequestQueue {
  readonly #options: QueueOptions;
  #waiting: Entry[] = [];
  #running = 0;
  #timer: NodeJS.Timeout | undefined;
  /** Why the device does not work, while it is opened again. */
  #down: string | undefined;
  #closed = false;
  /** When the last batch was done, by `performance.now`. */
  #lastDone = 0;
  /** Milliseconds of a batch and of a picture on the device, running means; 0 before the first batch. */
  #batchMs = 0;
  #pictureMs = 0;
  restarts = 0;

  constructor(options: QueueOptions) {
    this.#options = options;
  }

  /** Pictures that wait for a batch. */
  get length(): number {
    return this.#waiting.length;
  }

  /** Whether pictures can be judged now; if not, why. */
  get down(): string | undefined {
    return this.#down;
  }

  /** Seconds in which what waits now will probably be done, at least one. */
  get secondsLeft(): number {
    return Math.min(60, Math.max(1, Math.ceil((this.#waiting.length * this.#pictureMs) / 1000)));
  }

  /**
   * Judges a picture.
   * @param signal the answer is not wanted any more
   * @throws ServiceError 429 when too many wait, 503 while the device is away; AaclipError about the picture
   */
  submit(asked: Asked, signal: AbortSignal): Promise<Verdict> {
    const { most } = this.#options;
    if (this.#down !== undefined) return Promise.reject(new ServiceError(503, 'device', this.#down, 5));
    if (this.#waiting.length >= most) {
      const seconds = this.secondsLeft;
      const message = `server: ${most} pictures wait already; try again in ${seconds} s`;
      return Promise.reject(new ServiceError(429, 'busy', message, seconds));
    }
    return new Promise((done, failed) => {
      const entry: Entry = { ...asked, since: performance.now(), done, failed, tries: 0, dropped: false };
      signal.addEventListener('abort', () => {
        entry.dropped = true;
        this.#waiting = this.#waiting.filter((one) => one !== entry);
        failed(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
      });
      this.#waiting.push(entry);
      this.#start();
    });
  }

  /** Ends the tries to open a failed device again. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  /** Starts a batch where there is one, and the device has room for it. */
  #start(): void {
    const { batch, gather } = this.#options;
    clearTimeout(this.#timer);
    const first = this.#waiting[0];
    if (!first || this.#running >= AT_ONCE || this.#down !== undefined) return;
    // The device takes batches in turn: while it works on one, the next only has to be decoded in time.
    const patience = this.#running > 0 ? Math.max(gather, this.#batchMs / 2) : gather;
    const left = first.since + patience - performance.now();
    if (this.#waiting.length < batch && left > 0) {
      this.#timer = setTimeout(() => this.#start(), left);
      return;
    }
    const entries = this.#waiting.splice(0, batch);
    this.#running++;
    void this.#run(entries).finally(() => {
      this.#running--;
      this.#start();
    });
    this.#start();
  }

  async #run(entries: readonly Entry[]): Promise<void> {
    const { judge, onBatch } = this.#options;
    const started = performance.now();
    const open = new Set(entries);
    for (const entry of entries) entry.tries++;
    try {
      for await (const judged of judge.judge(entries)) {
        const entry = entries[judged.index]!;
        open.delete(entry);
        if ('verdict' in judged) entry.done(judged.verdict);
        else entry.failed(judged.error);
      }
      const now = performance.now();
      const took = now - Math.max(started, this.#lastDone);
      this.#lastDone = now;
      const mean = (before: number, value: number): number => (before === 0 ? value : 0.8 * before + 0.2 * value);
      this.#batchMs = mean(this.#batchMs, took);
      this.#pictureMs = mean(this.#pictureMs, took / entries.length);
      onBatch?.(entries.length);
    } catch (error) {
      if (error instanceof AaclipError && error.code === 'device') this.#failed(error, [...open]);
      else for (const entry of open) entry.failed(error as Error);
    }
  }

  /** The device has failed: pictures wait for it to be opened again, and new ones are refused. */
  #failed(error: AaclipError, open: readonly Entry[]): void {
    const again = open.filter((entry) => !entry.dropped && entry.tries < TRIES);
    for (const entry of open)
      if (!again.includes(entry)) entry.failed(new ServiceError(503, 'device', error.message, 5));
    this.#waiting.unshift(...again);
    if (this.#down === undefined) void this.#reopen(error.message);
  }

  async #reopen(message: string): Promise<void> {
    const { judge, onNote } = this.#options;
    this.#down = message;
    for (let wait = 500; !this.#closed; wait = Math.min(MOST_WAIT_MS, 2 * wait)) {
      onNote(`${this.#down}; opening the device again`);
      try {
        await judge.ready();
        this.restarts++;
        this.#down = undefined;
        onNote('the device works again');
        this.#start();
        return;
      } catch (error) {
        this.#down = (error as Error).message;
        await new Promise((next) => setTimeout(next, wait));
      }
    }
  }
}
