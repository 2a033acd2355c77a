/** What programs count, in the text form that Prometheus reads. */

/** A count of values by upper bounds. */
export class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

  /** @param bounds of the buckets, ascending */
  constructor(bounds: readonly number[]) {
    this.#bounds = bounds;
    this.#counts = bounds.map(() => 0);
  }

  add(value: number): void {
    this.#bounds.forEach((bound, i) => {
      if (value <= bound) this.#counts[i]!++;
    });
    this.#sum += value;
    this.#count++;
  }

  lines(name: string): string[] {
    const buckets = this.#bounds.map((bound, i) => `${name}_bucket{le="${bound}"} ${this.#counts[i]}`);
    return [
      ...buckets,
      `${name}_bucket{le="+Inf"} ${this.#count}`,
      `${name}_sum ${this.#sum}`,
      `${name}_count ${this.#count}`,
    ];
  }
}

/** A metric: its name, kind, help and lines. */
export type Metric = readonly [
  name: string,
  kind: 'counter' | 'gauge' | 'histogram',
  help: string,
  lines: readonly string[],
];

/** The metrics as a text, with the memory of this process as the last one. */
export function metricsText(metrics: readonly Metric[]): string {
  const memory = 'process_resident_memory_bytes';
  const all: Metric[] = [
    ...metrics,
    [memory, 'gauge', 'Memory of the process.', [`${memory} ${process.memoryUsage.rss()}`]],
  ];
  return all
    .flatMap(([name, kind, help, lines]) => [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...lines, ''])
    .join('\n');
}
