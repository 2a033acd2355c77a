/** `aaclip jobs`: what is on a queue; cancels it, or tries again what failed. */
import type { Command } from 'commander';
import { finishAtSignal } from '../endings.js';
import { noteLine } from '../queue/queue_flags.js';
import type { TaskQueue } from '../queue/task_queue.js';
import { type JobsAction, type JobsFlags, jobsOptions } from './flags.js';
import { type ListedJob, type ListedQueue, queuesText } from './output.js';

/** Most jobs of a state that are listed. */
const MOST = 20;

export function jobsCommand(program: Command): void {
  jobsOptions(program.command('jobs').description('List, cancel or retry the jobs on a queue.'))
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip jobs --queue redis://10.0.0.5:6379
  $ aaclip jobs retry --queue redis://10.0.0.5:6379 --store /mnt/aaclip
  $ aaclip jobs cancel --queue redis://10.0.0.5:6379
  $ aaclip jobs --queue redis://10.0.0.5:6379 --dashboard

"cancel" removes jobs that wait or have failed, and ends the commands that queued them; a job that a worker does is finished.
"retry" lets those that failed run again. Results stay in the store: a command that is started again goes on where it was.`,
    )
    .action(runJobs);
}

async function listed(queue: TaskQueue): Promise<ListedQueue> {
  const { bull } = queue;
  const counts = await bull.getJobCounts('wait', 'delayed', 'prioritized', 'active', 'failed');
  const workers = await queue.workers();
  const jobs: ListedJob[] = [];
  for (const state of ['active', 'failed'] as const) {
    for (const { id, data, processedOn, processedBy, failedReason } of await queue.jobs(state, MOST)) {
      jobs.push({
        id: String(id),
        kind: String(data.kind),
        pictures: Number(data.pictures),
        state,
        ...(state === 'active' && processedOn !== undefined ? { seconds: (Date.now() - processedOn) / 1000 } : {}),
        ...(processedBy === undefined ? {} : { worker: processedBy }),
        ...(state === 'failed' ? { reason: failedReason } : {}),
      });
    }
  }
  return {
    name: queue.name,
    version: queue.name.replace(/-[0-9a-f]+$/, ''),
    ...(workers === undefined ? {} : { workers }),
    waiting: (counts.wait ?? 0) + (counts.delayed ?? 0) + (counts.prioritized ?? 0),
    active: counts.active ?? 0,
    failed: counts.failed ?? 0,
    jobs,
  };
}

async function runJobs(action: JobsAction, flags: JobsFlags): Promise<void> {
  const { openQueues } = await import('../queue/open_queues.js');
  await using queues = await openQueues(flags, noteLine);
  if (flags.dashboard) {
    const { serveDashboard } = await import('../queue/dashboard.js');
    const stopped = new Promise<void>((stop) => finishAtSignal(() => stop()));
    await using board = await serveDashboard(queues.all, flags.host, flags.port);
    if (flags.json) process.stdout.write(`${JSON.stringify({ dashboard: { url: board.url } })}\n`);
    else noteLine(`the dashboard: ${board.url} (Ctrl-C ends it)`);
    await stopped;
    return;
  }
  let count = 0;
  for (const queue of queues.all) {
    if (action === 'cancel') count += await queue.cancel();
    if (action === 'retry') count += await queue.retry(await queue.failedIds());
  }
  if (action !== 'list') {
    const done = action === 'cancel' ? 'cancelled' : 'retried';
    process.stdout.write(flags.json ? `${JSON.stringify({ [done]: count })}\n` : `${done}: ${count} jobs\n`);
    return;
  }
  const found: ListedQueue[] = [];
  for (const queue of queues.all) {
    const row = await listed(queue);
    // A queue that is empty and has no worker is history.
    if (row.waiting + row.active + row.failed + (row.workers ?? 1) > 0) found.push(row);
  }
  process.stdout.write(flags.json ? `${JSON.stringify(found)}\n` : `${queuesText(found)}\n`);
}
