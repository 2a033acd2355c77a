/** Pictures and captions for pre-training, drawn by several threads. */
import process from 'node:process';
import type { Setup } from '../pictures/index.js';
import { inThreads } from '../threads.js';

export interface Drawn {
  /** Bytes [size, size, 3]. */
  readonly rgb: Uint8Array;
  /** [size, size]; undefined where nothing is marked. */
  readonly mask: Uint8Array | undefined;
  readonly captions: readonly string[];
}

/** A normal and a defective picture of a class. */
export interface Pair {
  readonly className: string;
  readonly number: number;
  readonly normal: Drawn;
  readonly anomalous: Drawn;
}

export interface PoolSpec {
  readonly seed: number;
  /** Side in pixels. */
  readonly size: number;
  /** Number of pairs drawn for each occurrence of a name in `classes`. */
  readonly pairs: number;
  readonly classes: readonly string[];
  readonly setup: Setup;
}

/** Pairs by class; a function of the seed, independent of the number of threads. */
export async function drawPool(spec: PoolSpec): Promise<ReadonlyMap<string, readonly Pair[]>> {
  const pool = new Map(spec.classes.map((name): [string, Pair[]] => [name, []]));
  const total = spec.pairs * spec.classes.length;
  const started = performance.now();
  let done = 0;
  await inThreads<Pair>('tiny/pool_worker', spec, (pair) => {
    pool.get(pair.className)?.push(pair);
    done++;
    if (done % 250 === 0 || done === total) {
      const seconds = ((performance.now() - started) / 1000).toFixed(0);
      process.stderr.write(`drew ${done} of ${total} pairs, ${seconds} s\n`);
    }
  });
  for (const list of pool.values()) list.sort((a, b) => a.number - b.number);
  return pool;
}
