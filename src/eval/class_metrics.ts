/** The figures of a class in one call. */
import type { Domain } from '../data/datasets.js';
import { type ClassFigures, type ClassOptions, ClassScores } from './metrics.js';

/**
 * The figures of a class whose maps are all in memory.
 * @param pixelLabels masks of all images, one after the other, as long as `maps`
 * @param imageLabels 0 or 1 for each image
 * @param maps score maps of all images, one after the other
 * @param imageScores a score for each image
 * @throws when the lengths do not fit or a score is not finite
 */
export function classMetrics(
  pixelLabels: ArrayLike<number>,
  imageLabels: ArrayLike<number>,
  maps: Float32Array,
  imageScores: ArrayLike<number>,
  domain: Domain,
  options?: ClassOptions,
): ClassFigures {
  const images = imageLabels.length;
  const pixels = maps.length / images;
  if (!Number.isInteger(pixels) || imageScores.length !== images || pixelLabels.length !== maps.length) {
    throw new Error(
      `metrics: lengths do not fit: expected maps and masks of ${images} images and as many scores, got ${maps.length}, ${pixelLabels.length} and ${imageScores.length}`,
    );
  }
  const scores = new ClassScores(domain, options);
  for (let i = 0; i < images; i++) {
    const mask = Uint8Array.from({ length: pixels }, (_, k) => Number(pixelLabels[i * pixels + k] !== 0));
    scores.add(maps.subarray(i * pixels, (i + 1) * pixels), mask, imageLabels[i]!, imageScores[i]!);
  }
  return scores.figures();
}
