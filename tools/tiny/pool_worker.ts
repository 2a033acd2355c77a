/** Draws every n-th pair of the pool: one thread of pool.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { captionsFor, drawSample, Rng } from '../pictures/index.js';
import type { Share } from '../threads.js';
import type { Drawn, Pair, PoolSpec } from './pool.js';

const { seed, size, pairs, classes, setup, first, every } = workerData as PoolSpec & Share;

/** @param from seed of the scene */
function draw(className: string, number: number, defect: 'none' | 'any', from: number): Drawn {
  const sample = drawSample({ className, seed: from, size, defect, setup });
  const rng = new Rng(seed, className, number, defect);
  const captions = [...new Set([1, 2, 3].flatMap(() => captionsFor(sample, rng)))];
  return { rgb: sample.rgb, mask: defect === 'none' ? undefined : sample.mask, captions };
}

for (let number = first; number < pairs * classes.length; number += every) {
  const className = classes[number % classes.length]!;
  const round = Math.floor(number / classes.length);
  const scene = seed * 1_000_003 + 2 * number;
  const normal = draw(className, number, 'none', scene);
  // In every other pair both show one scene: only the defect differs.
  const anomalous = draw(className, number, 'any', round % 2 === 0 ? scene : scene + 1);
  parentPort?.postMessage({ className, number, normal, anomalous } satisfies Pair);
}
