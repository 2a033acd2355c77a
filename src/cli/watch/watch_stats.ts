/** How fast pictures are judged, and how long each waits for its line. */

/** Latencies kept: the percentiles are those of the last pictures. */
const KEPT = 10_000;

export interface StatsLine {
  readonly scored: number;
  readonly faulty: number;
  readonly failed: number;
  readonly waiting: number;
  /** Pictures a second since the last such line. */
  readonly rate: number;
  /** Milliseconds from the first sight of a picture to its line: half of the pictures take no longer. */
  readonly p50_ms?: number;
  readonly p95_ms?: number;
}

/** The value that a share of the sorted values does not exceed. */
export function percentile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
}

export class WatchStats {
  #scored = 0;
  #faulty = 0;
  #failed = 0;
  readonly #latencies: number[] = [];
  #at = 0;
  #counted = 0;
  #since = performance.now();

  /** Counts a picture. @param ms from its arrival to its line */
  add(ms: number, outcome: 'scored' | 'faulty' | 'failed'): void {
    if (outcome === 'failed') this.#failed++;
    else this.#scored++;
    if (outcome === 'faulty') this.#faulty++;
    this.#latencies[this.#at] = ms;
    this.#at = (this.#at + 1) % KEPT;
  }

  /** Pictures with a line. */
  get done(): number {
    return this.#scored + this.#failed;
  }

  /** Those without a score. */
  get failed(): number {
    return this.#failed;
  }

  /** The figures so far. @param waiting pictures that have arrived and have no line yet */
  line(waiting: number): StatsLine {
    const sorted = [...this.#latencies].sort((a, b) => a - b);
    const now = performance.now();
    const { done } = this;
    const rate = (1000 * (done - this.#counted)) / Math.max(1, now - this.#since);
    this.#counted = done;
    this.#since = now;
    const [p50, p95] = [percentile(sorted, 0.5), percentile(sorted, 0.95)];
    return {
      scored: this.#scored,
      faulty: this.#faulty,
      failed: this.#failed,
      waiting,
      rate: Number(rate.toPrecision(4)),
      ...(p50 === undefined || p95 === undefined ? {} : { p50_ms: Math.round(p50), p95_ms: Math.round(p95) }),
    };
  }
}
