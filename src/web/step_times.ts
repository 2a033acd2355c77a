/** The steps of a job and their times. */
import type { Stage } from './engine_messages.js';

/** How long each step of a job took. */
export class StepTimes {
  readonly taken: { readonly stage: Stage; readonly ms: number }[] = [];
  #stage: Stage | undefined;
  #since = 0;

  begin(stage: Stage): void {
    if (stage === this.#stage) return;
    this.end();
    this.#stage = stage;
  }

  end(): void {
    const now = performance.now();
    if (this.#stage) this.taken.push({ stage: this.#stage, ms: now - this.#since });
    this.#stage = undefined;
    this.#since = now;
  }
}
