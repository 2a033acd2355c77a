/** Draws every n-th pair of the pool: one thread of tools/tiny/pool.mjs. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadPictures } from '../pictures/compile.mjs';

const { seed, size, pairs, classes, setup, first, every } = workerData;
const { drawSample, captionsFor, Rng } = await loadPictures();
for (let i = first; i < pairs * classes.length; i += every) {
  const name = classes[i % classes.length];
  const round = Math.floor(i / classes.length);
  const scene = seed * 1_000_003 + 2 * i;
  /** @param {'none' | 'any'} defect @param {number} from */
  const draw = (defect, from) => {
    const sample = drawSample({ className: name, seed: from, size, defect, setup });
    const rng = new Rng(seed, name, i, defect);
    const captions = [...new Set([1, 2, 3].flatMap(() => captionsFor(sample, rng)))];
    return { rgb: sample.rgb, mask: defect === 'none' ? undefined : sample.mask, captions };
  };
  const normal = draw('none', scene);
  // In every other pair both show one scene: what differs is the defect alone.
  const anomalous = draw('any', round % 2 === 0 ? scene : scene + 1);
  parentPort?.postMessage({ className: name, number: i, normal, anomalous });
}
