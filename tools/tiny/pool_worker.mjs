/** Draws every n-th pair of the pool: one thread of tools/tiny/pool.mjs. */
import { parentPort, workerData } from 'node:worker_threads';
import { loadPictures } from '../pictures/compile.mjs';

const { seed, size, pairs, first, every } = workerData;
const { CLASSES, drawSample, captionsFor, Rng } = await loadPictures();
for (let i = first; i < pairs * CLASSES.length; i += every) {
  const { name } = CLASSES[i % CLASSES.length];
  const number = Math.floor(i / CLASSES.length);
  const scene = seed * 1_000_003 + 2 * i;
  /** @param {'none' | 'any'} defect @param {number} from */
  const draw = (defect, from) => {
    const sample = drawSample({ className: name, seed: from, size, defect });
    const rng = new Rng(seed, name, number, defect);
    const captions = [...new Set([1, 2, 3].flatMap(() => captionsFor(sample, rng)))];
    return { rgb: sample.rgb, mask: defect === 'none' ? undefined : sample.mask, captions };
  };
  const normal = draw('none', scene);
  // In every other pair both show one scene: what differs is the defect alone.
  const anomalous = draw('any', number % 2 === 0 ? scene : scene + 1);
  parentPort?.postMessage({ className: name, number, normal, anomalous });
}
