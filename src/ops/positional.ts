/** Position embeddings of the image tower for another grid of patches. */

import { bilinearPixelTable, cubicTable } from '../kernels/resample_table.js';
import { show } from '../tensor/shape.js';
import { type Tensor, tidy } from '../tensor/tensor.js';
import { concat } from './concat.js';
import { resample } from './resample.js';
import { reshape } from './reshape.js';
import { slice } from './slice.js';

/** Antialiased bicubic, or bilinear without antialiasing; both with pixels as areas. */
export type PositionalResize = 'bicubic' | 'bilinear';

/**
 * Resizes the patch grid; the class token's row is kept.
 * @param embedding [1 + g g, W]
 * @param grid patches along each side of the image the tower will see
 * @returns [1 + grid grid, W]; `embedding` itself where the grid stays the same
 * @throws when the embedding's rows are not one more than a square
 */
export function resizePositional(embedding: Tensor, grid: number, how: PositionalResize = 'bicubic'): Tensor {
  const [rows, width] = embedding.shape as [number, number];
  const old = Math.round(Math.sqrt(rows - 1));
  if (embedding.rank !== 2 || old < 1 || old * old + 1 !== rows) {
    throw new Error(`resizePositional: expected [1 + g g, W], got ${show(embedding.shape)}`);
  }
  if (grid === old) return embedding;
  const table = how === 'bicubic' ? cubicTable(old, grid) : bilinearPixelTable(old, grid);
  return tidy(() => {
    const square = reshape(slice(embedding, 0, 1, old * old), [old, old, width]);
    const resized = resample(resample(square, 0, table), 1, table); // [grid, grid, W]
    return concat([slice(embedding, 0, 0, 1), reshape(resized, [grid * grid, width])], 0);
  });
}
