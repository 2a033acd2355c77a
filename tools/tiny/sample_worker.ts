/** Draws every n-th picture of a list: one thread of held_out.ts. */
import { parentPort, workerData } from 'node:worker_threads';
import { drawSample } from '../pictures/index.js';
import type { Share } from '../threads.js';
import type { SampleDrawn, SampleList } from './held_out.js';

const { specs, first, every } = workerData as SampleList & Share;
for (let index = first; index < specs.length; index += every) {
  const { rgb, mask } = drawSample(specs[index]!);
  parentPort?.postMessage({ index, rgb, mask } satisfies SampleDrawn);
}
