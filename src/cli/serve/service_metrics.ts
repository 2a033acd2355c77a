/** What the service counts, in the text form that Prometheus reads. */

/** Upper bounds of the buckets, in seconds. */
const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** And in pictures a batch. */
const PICTURES = [1, 2, 4, 8, 16, 32, 64];

class Histogram {
  readonly #bounds: readonly number[];
  readonly #counts: number[];
  #sum = 0;
  #count = 0;

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

/** Values that are read when they are asked for. */
export interface Gauges {
  readonly waiting: number;
  readonly ready: boolean;
  readonly restarts: number;
}

export class ServiceMetrics {
  readonly #requests = new Map<string, number>();
  readonly #seconds = new Histogram(SECONDS);
  readonly #batches = new Histogram(PICTURES);
  #pictures = 0;
  #faulty = 0;

  /** Counts an answer. @param route its pattern, not what the client asked for: labels must stay few */
  request(route: string, status: number): void {
    const labels = `route="${route}",status="${status}"`;
    this.#requests.set(labels, (this.#requests.get(labels) ?? 0) + 1);
  }

  /** Counts a verdict. @param seconds from the beginning of the request to its verdict */
  verdict(seconds: number, anomalous: boolean | undefined): void {
    this.#seconds.add(seconds);
    this.#pictures++;
    if (anomalous) this.#faulty++;
  }

  batch(pictures: number): void {
    this.#batches.add(pictures);
  }

  text({ waiting, ready, restarts }: Gauges): string {
    const parts: [name: string, kind: string, help: string, lines: readonly string[]][] = [
      [
        'aaclip_requests_total',
        'counter',
        'Answers by route and status.',
        [...this.#requests].map(([labels, n]) => `aaclip_requests_total{${labels}} ${n}`),
      ],
      ['aaclip_pictures_total', 'counter', 'Pictures with a verdict.', [`aaclip_pictures_total ${this.#pictures}`]],
      ['aaclip_anomalous_total', 'counter', 'Anomalous pictures.', [`aaclip_anomalous_total ${this.#faulty}`]],
      ['aaclip_seconds', 'histogram', 'From request to verdict.', this.#seconds.lines('aaclip_seconds')],
      ['aaclip_batch_pictures', 'histogram', 'Pictures a batch.', this.#batches.lines('aaclip_batch_pictures')],
      ['aaclip_waiting', 'gauge', 'Pictures that wait for a batch.', [`aaclip_waiting ${waiting}`]],
      ['aaclip_ready', 'gauge', '1 while the device works.', [`aaclip_ready ${Number(ready)}`]],
      [
        'aaclip_device_restarts_total',
        'counter',
        'Times the device was opened again.',
        [`aaclip_device_restarts_total ${restarts}`],
      ],
      [
        'process_resident_memory_bytes',
        'gauge',
        'Memory of the process.',
        [`process_resident_memory_bytes ${process.memoryUsage.rss()}`],
      ],
    ];
    return parts
      .flatMap(([name, kind, help, lines]) => [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...lines, ''])
      .join('\n');
  }
}
