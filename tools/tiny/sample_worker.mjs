/** Draws every n-th of a list of pictures: one thread of tools/tiny/rows.mjs. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadPictures } from '../pictures/compile.mjs';

const { specs, first, every } = workerData;
const { drawSample } = await loadPictures();
for (let index = first; index < specs.length; index += every) {
  const { rgb, mask } = drawSample(specs[index]);
  parentPort?.postMessage({ index, rgb, mask });
}
