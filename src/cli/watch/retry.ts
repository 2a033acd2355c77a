/** Waits that grow from try to try. */
import { setTimeout as pause } from 'node:timers/promises';

const FIRST_MS = 1000;
const MOST_MS = 60_000;

export class Backoff {
  readonly #signal: AbortSignal;
  #next = FIRST_MS;

  /** @param signal ends a wait early */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  /** The length of the next wait, in milliseconds. */
  get next(): number {
    return this.#next;
  }

  /** Waits: one second, then twice as long each time, a minute at most. */
  async wait(): Promise<void> {
    const length = this.#next;
    this.#next = Math.min(MOST_MS, 2 * length);
    await pause(length, undefined, { signal: this.#signal }).catch(() => undefined);
  }

  /** The work has succeeded: the next wait is a short one. */
  reset(): void {
    this.#next = FIRST_MS;
  }
}
