/** `aaclip worker`: does tasks of a queue, until stopped. */
import { hostname } from 'node:os';
import type { Command } from 'commander';
import { finishAtSignal } from '../endings.js';
import { noteLine, openQueue } from '../queue/queue_flags.js';
import { type WorkerFlags, workerOptions } from './flags.js';
import { jsonLine, textLine } from './output.js';

export function workerCommand(program: Command): void {
  workerOptions(program.command('worker').description('Do tasks that other machines put into a queue, until stopped.'))
    .addHelpText(
      'after',
      `
Examples:
  $ aaclip worker --queue redis://10.0.0.5:6379 --store /mnt/aaclip --data /mnt/pictures
  $ AACLIP_QUEUE_PASSWORD=... aaclip worker --queue rediss://queue.plant:6379 --store s3://aaclip/line3 --data /data

Start one for each device. A worker takes tasks of its own version only, and of commands that use the same store. Ctrl-C or
SIGTERM finishes the task that is being done; a second one gives it back at once. A worker that dies loses its task to the
others after --lock seconds.`,
    )
    .action(runWorker);
}

async function runWorker(flags: WorkerFlags): Promise<void> {
  const { json = false, adapter, kernels, defaultToggles } = flags;
  const [{ TaskWorker }, { WorkerMetrics }, { FileFetcher }, { ModelCache }, { SharedFolders }] = await Promise.all([
    import('../queue/task_worker.js'),
    import('../queue/worker_metrics.js'),
    import('../queue/file_refs.js'),
    import('../queue/model_cache.js'),
    import('../queue/shared_folders.js'),
  ]);
  const roots = new SharedFolders(flags.data ?? []);
  const { queue, store } = await openQueue(flags);
  await using _queue = queue;
  using models = new ModelCache(flags.model_memory * 2 ** 20);
  const metrics = new WorkerMetrics();
  const name = flags.name ?? `${hostname()}-${process.pid}`;
  const worker = new TaskWorker({
    queue,
    store,
    name,
    concurrency: flags.concurrency,
    lockMs: Math.round(1000 * flags.lock),
    context: {
      files: new FileFetcher(store),
      roots,
      models,
      device: {
        ...(adapter === undefined ? {} : { adapter }),
        ...(kernels === undefined ? {} : { kernels }),
        ...(defaultToggles === undefined ? {} : { defaultToggles }),
      },
    },
    onStart: () => metrics.start(),
    onNews: (news) => {
      metrics.add(news);
      if (json) process.stdout.write(`${jsonLine(news)}\n`);
      else noteLine(textLine(news, metrics.pictures));
    },
  });
  const stopped = new Promise<void>((stop) =>
    finishAtSignal((signal) => {
      noteLine(`${signal}: finishing the task that is being done; again to give it back at once`);
      finishAtSignal(() => worker.giveBack());
      stop();
    }),
  );
  const server =
    flags.metrics === undefined
      ? undefined
      : await metrics.serve(flags.metrics_host, flags.metrics, () => queue.connection.status === 'ready');
  try {
    await worker.start();
    const address = server?.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    if (json)
      process.stdout.write(
        `${JSON.stringify({ worker: { name, queue: queue.label, ...(port ? { metrics: port } : {}) } })}\n`,
      );
    else noteLine(`worker ${name}: takes tasks from ${queue.label} with store ${store.where}`);
    await Promise.race([stopped, worker.failure()]);
    await worker.finish();
  } finally {
    server?.close();
  }
}
