/** The queues of this program on a server, for looking at them. */
import { connectQueue, queueAddress } from './queue_address.js';
import { openStore } from './store.js';
import { queueName, queueNames, TaskQueue } from './task_queue.js';

export interface OpenQueues extends AsyncDisposable {
  readonly all: readonly TaskQueue[];
}

/**
 * Connects to the queue of a store, or to all queues that were ever used on a server.
 * @throws one line when the server or the store cannot be used
 */
export async function openQueues(
  flags: { readonly queue: string; readonly store?: string; readonly queue_ca?: string },
  onNote: (note: string) => void,
): Promise<OpenQueues> {
  const address = queueAddress(flags.queue, flags.queue_ca);
  let names: string[];
  if (flags.store === undefined) {
    const redis = await connectQueue(address, onNote, () => undefined);
    names = await queueNames(redis);
    redis.disconnect();
  } else names = [await queueName(await openStore(flags.store))];
  const all: TaskQueue[] = [];
  for (const name of names) all.push(await TaskQueue.open(address, name, onNote));
  return {
    all,
    async [Symbol.asyncDispose]() {
      await Promise.all(all.map((queue) => queue[Symbol.asyncDispose]()));
    },
  };
}
