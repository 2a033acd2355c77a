/** Scripts of this folder run in several threads at once. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/** The share of a list that a thread takes: every n-th item, starting at the first. */
export interface Share {
  readonly first: number;
  readonly every: number;
}

/**
 * Runs a script in as many threads as there are cores and waits until all have ended.
 * @param script stem of a compiled script of this folder; its `workerData` is the data and its `Share`
 * @param onMessage called with the threads' messages, in no fixed order
 */
export async function inThreads<Message>(
  script: string,
  data: object,
  onMessage: (message: Message) => void,
): Promise<void> {
  // The compiled script; its path is the same from the sources and from dist-tools, which lie side by side.
  const file = new URL(`../../dist-tools/tiny/${script}.js`, import.meta.url);
  const every = availableParallelism();
  await Promise.all(
    Array.from({ length: every }, (_, first) => {
      const worker = new Worker(file, { workerData: { ...data, first, every } satisfies Share });
      worker.on('message', onMessage);
      return new Promise((resolve, reject) => {
        worker.on('error', reject);
        worker.on('exit', resolve);
      });
    }),
  );
}
