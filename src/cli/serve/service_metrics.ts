/** What the service counts, for Prometheus. */
import { Histogram, metricsText } from '../prometheus.js';

/** Upper bounds of the buckets, in seconds. */
const SECONDS = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
/** And in pictures a batch. */
const PICTURES = [1, 2, 4, 8, 16, 32, 64];

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
    return metricsText([
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
    ]);
  }
}
