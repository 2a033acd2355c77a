/** The flags of `worker`. */
import type { Command } from 'commander';
import { adapterOptions, count, type DeviceFlags, type OutputFlags, outputOptions, positive } from '../options.js';
import { type QueueFlags, queueOptions } from '../queue/queue_flags.js';

export interface WorkerFlags extends QueueFlags, OutputFlags, Omit<DeviceFlags, 'precision'> {
  readonly data?: readonly string[];
  readonly name?: string;
  readonly concurrency: number;
  readonly metrics?: number;
  readonly metrics_host: string;
  readonly model_memory: number;
  readonly lock: number;
}

/** Adds the flags. */
export function workerOptions(command: Command): Command {
  return outputOptions(
    adapterOptions(queueOptions(command))
      .option('--data <dir...>', 'folders whose pictures tasks may name; no other files of this machine are read')
      .option('--name <name>', 'what lists of workers call this one (default: host and process)')
      .option(
        '--concurrency <n>',
        'tasks at a time; with 2 a fast device need not wait while the pictures of the next task are read; keep 1 for trainings',
        count(1),
        1,
      )
      .option(
        '--metrics <port>',
        'answer /metrics (for Prometheus) and /healthz on this port; 0 for a free one',
        count(0),
      )
      .option('--metrics_host <address>', 'address that --metrics listens on', '127.0.0.1')
      .option(
        '--model_memory <MiB>',
        'memory that models may take together; the ones used last stay loaded',
        positive,
        4096,
      )
      .option('--lock <seconds>', 'how long a worker that does not answer keeps its tasks from others', positive, 30),
  );
}
