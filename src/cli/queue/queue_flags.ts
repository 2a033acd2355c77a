/** The flags of commands that use a queue, and connecting to what they name. */
import type { Command } from 'commander';
import { printable } from '../../data/printable.js';
import { count } from '../options.js';

export interface QueueFlags {
  readonly queue: string;
  readonly store: string;
  readonly queue_ca?: string;
}

/** Flags of a command that may use a queue: `--queue` and `--store` are given together or not at all. */
export interface OptionalQueueFlags extends Partial<QueueFlags> {
  readonly task_pictures?: number;
}

const QUEUE =
  'the Redis server that carries jobs, redis://HOST:6379, or rediss:// for TLS; a password belongs into AACLIP_QUEUE_PASSWORD';
const STORE = 'what all machines reach: a folder (shared over the network), or s3://bucket/prefix';
const CA = 'certificates (PEM) that sign that of a rediss:// server';

/** Adds `--queue_ca`. */
export function caOption(command: Command): Command {
  return command.option('--queue_ca <file>', CA);
}

/** Adds `--queue --store --queue_ca`, the first two required. */
export function queueOptions(command: Command): Command {
  return caOption(command.requiredOption('--queue <url>', QUEUE).requiredOption('--store <where>', STORE));
}

/** Adds `--queue --store --queue_ca` to a command that runs on this machine without them. */
export function optionalQueueOptions(command: Command): Command {
  return caOption(
    command
      .option('--queue <url>', `have the work done by workers ("aaclip worker"); ${QUEUE}`)
      .option('--store <where>', `with --queue: ${STORE}`)
      .option('--task_pictures <n>', 'with --queue: pictures of a task (default: 32, in whole batches)', count(1)),
  );
}

/** Flags that choose a device of this machine: with a queue, they are the workers'. */
interface OwnDeviceFlags {
  readonly adapter?: string;
  readonly kernels?: unknown;
  readonly defaultToggles?: boolean;
  readonly gpus?: string;
}

/**
 * The flags where a queue is to be used, else undefined.
 * @throws one line where only a part of them is given, or they choose a device of this machine besides
 */
export function queueOf(flags: OptionalQueueFlags & OwnDeviceFlags): QueueFlags | undefined {
  const { queue, store, queue_ca, task_pictures, adapter, kernels, defaultToggles, gpus } = flags;
  const own = Object.entries({ adapter, kernels, 'default-toggles': defaultToggles, gpus });
  const [given] = own.find(([, value]) => value !== undefined) ?? [];
  if (queue !== undefined && given !== undefined) {
    const remedy = given === 'gpus' ? 'start a worker for each of them' : 'give it to "aaclip worker"';
    throw new Error(`--${given}: with --queue, the devices are those of the workers: ${remedy}`);
  }
  if (queue !== undefined && store !== undefined)
    return { queue, store, ...(queue_ca === undefined ? {} : { queue_ca }) };
  if (queue !== undefined) throw new Error('--queue: needs --store, the folder or bucket that results go through');
  if (store !== undefined) throw new Error('--store: needs --queue, the Redis server that carries jobs');
  if (queue_ca !== undefined) throw new Error('--queue_ca: needs --queue');
  if (task_pictures !== undefined) throw new Error('--task_pictures: needs --queue');
  return undefined;
}

/** How many workers are connected, for a progress bar; undefined where the server does not tell. */
export function workersNote(workers: number | undefined): string | undefined {
  return workers === undefined ? undefined : `${workers} ${workers === 1 ? 'worker' : 'workers'}`;
}

/** Writes a line to the error stream. */
export const noteLine = (text: string): void => void process.stderr.write(`${printable(text)}\n`);

/**
 * Opens the store and connects to its queue.
 * @throws one line when one of them cannot be used
 */
export async function openQueue(flags: QueueFlags, onNote: (note: string) => void = noteLine) {
  // Loaded only here: other commands start without these packages.
  const [{ openStore }, { queueAddress }, { queueName, TaskQueue }] = await Promise.all([
    import('./store.js'),
    import('./queue_address.js'),
    import('./task_queue.js'),
  ]);
  const address = queueAddress(flags.queue, flags.queue_ca);
  const store = await openStore(flags.store);
  const queue = await TaskQueue.open(address, await queueName(store), onNote);
  return { queue, store };
}
