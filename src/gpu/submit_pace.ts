/** How much work goes to the device at a time, by the measured speed of the device. */

/** Operations of the first submits: 0.1 s of a weak phone (0.05 TFLOP/s). */
export const FIRST_WORK = 5e9;
/** A submit costs the host far less than this much work costs any device. */
const LEAST_WORK = 1e9;
/** Most growth from one measurement to the next: the next work may run slower than the one that was measured. */
const GROWTH = 4;

/**
 * Operations to submit at a time after a measurement.
 * @param before operations that were submitted at a time
 * @param work operations that ran while the device was busy
 * @param ms how long they took, in milliseconds
 * @param wantedMs how long a submit should take
 * @param most the upper bound
 */
export function nextWork(before: number, work: number, ms: number, wantedMs: number, most: number): number {
  const wanted = ms > 0 ? (work / ms) * wantedMs : Number.POSITIVE_INFINITY;
  return Math.min(most, Math.max(LEAST_WORK, Math.min(wanted, GROWTH * before)));
}

/**
 * Sizes submits so that each takes a given time. A busy spell, from a submit to an idle device until that device is idle again, is one
 * measurement. News of the end may come late, while the host records: the device then seems slower than it is, never faster.
 */
export class SubmitPace {
  workPerSubmit: number;
  readonly #wantedMs: number;
  readonly #most: number;
  readonly #now: () => number;
  /** Submits that have not ended, as far as is known. */
  #running = 0;
  #since = 0;
  #work = 0;

  constructor(wantedMs: number, most: number, now: () => number = () => performance.now()) {
    this.#wantedMs = wantedMs;
    this.#most = most;
    this.#now = now;
    this.workPerSubmit = Math.min(FIRST_WORK, most);
  }

  /** Notes a submit that was just made to the queue. */
  submitted(work: number, queue: { onSubmittedWorkDone(): Promise<unknown> }): void {
    if (this.#running === 0) {
      this.#since = this.#now();
      this.#work = 0;
    }
    this.#running++;
    this.#work += work;
    const ended = (): void => this.#ended();
    queue.onSubmittedWorkDone().then(ended, ended);
  }

  #ended(): void {
    this.#running--;
    // Copies and a few small kernels say little about speed.
    if (this.#running > 0 || this.#work < this.workPerSubmit / 2) return;
    const ms = this.#now() - this.#since;
    this.workPerSubmit = nextWork(this.workPerSubmit, this.#work, ms, this.#wantedMs, this.#most);
  }
}
