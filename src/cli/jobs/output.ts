/** What `jobs` prints. */
import { printable } from '../../data/printable.js';
import { tableLines } from '../../eval/text_table.js';

export interface ListedJob {
  readonly id: string;
  readonly kind: string;
  readonly pictures: number;
  readonly state: 'active' | 'failed';
  /** Seconds since a worker took it. */
  readonly seconds?: number;
  readonly worker?: string;
  readonly reason?: string;
}

export interface ListedQueue {
  readonly name: string;
  readonly version: string;
  /** Connected; undefined where the server does not tell. */
  readonly workers?: number;
  readonly waiting: number;
  readonly active: number;
  readonly failed: number;
  readonly jobs: readonly ListedJob[];
}

/** Queues as a table, then the jobs that run or failed. */
export function queuesText(queues: readonly ListedQueue[]): string {
  if (queues.length === 0) return 'no jobs, and no workers';
  const jobs = queues.flatMap((queue) => queue.jobs.map((job) => ({ queue: queue.name, ...job })));
  const lines = tableLines(
    ['queue', 'version', 'workers', 'waiting', 'active', 'failed'],
    queues.map((q) => [q.name, q.version, q.workers ?? '-', q.waiting, q.active, q.failed].map(String)),
    ['left'],
  );
  for (const job of jobs) {
    const by = job.worker === undefined ? '' : ` on ${printable(job.worker)}`;
    const since = job.seconds === undefined ? '' : ` for ${Math.round(job.seconds)} s`;
    const why = job.reason === undefined ? '' : `: ${printable(job.reason)}`;
    lines.push(`${job.state} ${job.kind} ${job.id} (${job.pictures} pictures)${by}${since}${why}`);
  }
  return lines.join('\n');
}
