/** What `worker` prints. */
import { printable } from '../../data/printable.js';
import { duration } from '../progress.js';
import type { TaskNews } from '../queue/task_worker.js';

/** A line of `--json`. */
export function jsonLine({ task, state, seconds, reason }: TaskNews): string {
  return JSON.stringify({
    task: task.id,
    kind: task.kind,
    pictures: task.pictures,
    state,
    ms: Math.round(1000 * seconds),
    ...(reason === undefined ? {} : { reason }),
  });
}

/** A line for people. @param pictures done by this worker so far */
export function textLine({ task, state, seconds, reason }: TaskNews, pictures: number): string {
  const what = `${task.kind} ${task.id.slice(0, 8)}`;
  if (reason !== undefined) return `${what}: ${state}: ${printable(reason)}`;
  return `${what}: ${state}, ${task.pictures} pictures in ${duration(seconds)}; ${pictures} so far`;
}
