/** Scripts of this folder run in several threads at once. */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';

/** Which share of a list a thread takes: every n-th item from the first one on. */
export interface Share {
  readonly first: number;
  readonly every: number;
}

/**
 * Runs a script in as many threads as there are cores and waits until all have ended.
 * @param script stem of a compiled script of this folder; its `workerData` is the data and its `Share`
 * @param onMessage takes what the threads post, in no fixed order
 */
export async function inThreads<Message>(
  script: string,
  data: object,
  onMessage: (message: Message) => void,
): Promise<void> {
  // The compiled script, wherever this module runs from: the sources and dist-tools lie side by side.
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
