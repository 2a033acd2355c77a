/** Pictures and captions for pre-training, drawn by several threads. */
import process from 'node:process';
import { Worker } from 'node:worker_threads';

/**
 * @typedef {{ rgb: Uint8Array, mask: Uint8Array | undefined, captions: readonly string[] }} Drawn
 * @typedef {{ className: string, number: number, normal: Drawn, anomalous: Drawn }} Pair
 */

/**
 * Pairs of a normal and a defective picture, by class; a function of the seed, whatever the number of threads.
 * @param {{ seed: number, size: number, pairs: number, classes: readonly string[], setup?: 'any' | 'bench', threads: number }} spec
 *   classes: so many pairs for each time a name stands in it
 * @returns {Promise<Map<string, Pair[]>>}
 */
export async function drawPool({ seed, size, pairs, classes, setup = 'any', threads }) {
  const pool = new Map(classes.map((name) => [name, /** @type {Pair[]} */ ([])]));
  const total = pairs * classes.length;
  const started = performance.now();
  let done = 0;
  await Promise.all(
    Array.from({ length: threads }, (_, first) => {
      const worker = new Worker(new URL('./pool_worker.mjs', import.meta.url), {
        workerData: { seed, size, pairs, classes, setup, first, every: threads },
      });
      worker.on('message', (/** @type {Pair} */ pair) => {
        pool.get(pair.className)?.push(pair);
        done++;
        if (done % 250 === 0 || done === total) {
          const seconds = ((performance.now() - started) / 1000).toFixed(0);
          process.stderr.write(`drew ${done} of ${total} pairs, ${seconds} s\n`);
        }
      });
      return new Promise((resolve, reject) => {
        worker.on('error', reject);
        worker.on('exit', resolve);
      });
    }),
  );
  for (const list of pool.values()) list.sort((a, b) => a.number - b.number);
  return pool;
}
