/** Scripts run in several threads at once. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/** The share of a list that a thread takes: every n-th item, starting at the first. */
export interface Share {
  readonly first: number;
  readonly every: number;
}

/**
 * Runs a script in as many threads as there are cores and waits until all have ended.
 * @param script compiled script below `dist-tools`, without `.js`; its `workerData` is the data and its `Share`
 * @param onMessage called with the threads' messages, in no fixed order
 * @param most threads
 * @throws what a thread or `onMessage` throws; the threads have ended then
 */
export async function inThreads<Message>(
  script: string,
  data: object,
  onMessage: (message: Message) => void,
  most = Number.POSITIVE_INFINITY,
): Promise<void> {
  // The compiled script; its path is the same from the sources and from dist-tools, which lie side by side.
  const file = new URL(`../dist-tools/${script}.js`, import.meta.url);
  const every = Math.max(1, Math.min(most, availableParallelism()));
  const workers = Array.from(
    { length: every },
    (_, first) => new Worker(file, { workerData: { ...data, first, every } satisfies Share }),
  );
  const ended = workers.map(
    (worker) =>
      new Promise((resolve, reject) => {
        worker.on('message', (message: Message) => {
          try {
            onMessage(message);
          } catch (error) {
            reject(error);
          }
        });
        worker.on('error', reject);
        worker.on('exit', resolve);
      }),
  );
  try {
    await Promise.all(ended);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}
