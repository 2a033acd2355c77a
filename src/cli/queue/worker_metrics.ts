/** What a worker counts, for Prometheus, and the port it is read from. */
import { createServer, type Server } from 'node:http';
import { Histogram, metricsText } from '../prometheus.js';
import type { TaskNews } from './task_worker.js';

/** Upper bounds of the buckets, in seconds. */
const SECONDS = [0.1, 0.3, 1, 3, 10, 30, 100, 300, 1000];

export class WorkerMetrics {
  readonly #tasks = new Map<string, number>();
  readonly #seconds = new Histogram(SECONDS);
  #pictures = 0;
  #running = 0;

  start(): void {
    this.#running++;
  }

  add({ task, state, seconds, reason }: TaskNews): void {
    // The task goes on: only the device was opened again.
    if (state === 'again' && seconds === 0 && reason !== undefined) return;
    const labels = `kind="${task.kind}",state="${state.replaceAll(' ', '_')}"`;
    this.#tasks.set(labels, (this.#tasks.get(labels) ?? 0) + 1);
    this.#running--;
    if (state !== 'done') return;
    this.#pictures += task.pictures;
    this.#seconds.add(seconds);
  }

  get pictures(): number {
    return this.#pictures;
  }

  /** @param connected whether the server of the queue answers */
  text(connected: boolean): string {
    return metricsText([
      [
        'aaclip_worker_tasks_total',
        'counter',
        'Tasks by kind and what became of them.',
        [...this.#tasks].map(([labels, n]) => `aaclip_worker_tasks_total{${labels}} ${n}`),
      ],
      [
        'aaclip_worker_pictures_total',
        'counter',
        'Pictures of the tasks done.',
        [`aaclip_worker_pictures_total ${this.#pictures}`],
      ],
      [
        'aaclip_worker_task_seconds',
        'histogram',
        'Seconds a task took.',
        this.#seconds.lines('aaclip_worker_task_seconds'),
      ],
      ['aaclip_worker_running', 'gauge', 'Tasks that run now.', [`aaclip_worker_running ${this.#running}`]],
      [
        'aaclip_worker_connected',
        'gauge',
        '1 while the server of the queue answers.',
        [`aaclip_worker_connected ${Number(connected)}`],
      ],
    ]);
  }

  /**
   * Answers `GET /metrics`, and `GET /healthz` with 200 while the server of the queue answers, else 503.
   * @throws one line when the port cannot be listened on
   */
  async serve(host: string, port: number, connected: () => boolean): Promise<Server> {
    const server = createServer((request, response) => {
      if (request.url === '/metrics') {
        response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(this.text(connected()));
      } else if (request.url === '/healthz') {
        response.writeHead(connected() ? 200 : 503).end(connected() ? 'ok\n' : 'the queue does not answer\n');
      } else response.writeHead(404).end('not found: there are /metrics and /healthz\n');
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', (error: NodeJS.ErrnoException) =>
        reject(
          new Error(`--metrics ${port}: cannot listen there (${error.code}); choose another port`, { cause: error }),
        ),
      );
      server.listen(port, host, resolve);
    });
    return server;
  }
}
