/** Drawn pictures without a fault, as many as are wanted. */
import type { DecodedPicture } from '../../src/detect/sources.js';
import { drawSample } from '../../tools/pictures/index.js';

/** @param from seed of the first; the others follow */
export function goodPictures(className: string, size: number, from: number, count: number): DecodedPicture[] {
  return Array.from({ length: count }, (_, i) => {
    const { rgb } = drawSample({ className, seed: from + i, size, defect: 'none', setup: 'bench' });
    return { name: `${className} ${from + i}`, width: size, height: size, data: rgb };
  });
}
