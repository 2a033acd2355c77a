/** Maps at the size of the picture: scores for a test, probabilities for training. */

import {
  bilinearPixelTable,
  bilinearTable,
  composeTables,
  gaussianTable,
  type ResampleTable,
} from '../kernels/resample_table.js';
import { type Shape, show } from '../tensor/shape.js';
import { type Tensor, tidy } from '../tensor/tensor.js';
import { add, combine } from './add.js';
import { full } from './fill.js';
import { resize2d } from './resample.js';
import { slice } from './slice.js';
import { softmax } from './softmax.js';

/** A Gaussian blur on the patch grid: an odd number of taps, sigma in patches. */
export interface Blur {
  readonly taps: number;
  readonly sigma: number;
}

const tables = new Map<string, ResampleTable>();

/** Upsampling of one axis, after a blur where there is one; kept, so that the device copy is made once. */
export function upsampling(grid: number, size: number, blur?: Blur): ResampleTable {
  const key = `${grid} ${size} ${blur?.taps} ${blur?.sigma}`;
  let table = tables.get(key);
  if (!table) {
    const up = bilinearTable(grid, size);
    table = blur ? composeTables(gaussianTable(grid, blur.taps, blur.sigma), up) : up;
    tables.set(key, table);
  }
  return table;
}

/** Upsampling of one axis with pixels as areas, and a blur after it; kept as the others are. */
export function smoothing(grid: number, size: number, sigma: number): ResampleTable {
  const key = `${grid} ${size} then ${sigma}`;
  let table = tables.get(key);
  if (!table) {
    const up = bilinearPixelTable(grid, size);
    const taps = 2 * Math.floor(4 * sigma + 0.5) + 1;
    table = sigma > 0 ? composeTables(up, gaussianTable(size, taps, sigma, 'twice')) : up;
    tables.set(key, table);
  }
  return table;
}

/** @throws unless the shape is [B, 2, G, G2]. */
function grids(what: string, shape: Shape): [number, number] {
  if (shape.length !== 4 || shape[1] !== 2) throw new Error(`${what}: expected [B, 2, G, G], got ${show(shape)}`);
  return [shape[2]!, shape[3]!];
}

/**
 * The test map of one level: (abnormal + 1 - normal) / 2, then as `upsampleScores`.
 * @param similarity [B, 2, G, G], channel 0 normal, 1 abnormal
 * @returns [B, 1, size, size]
 */
export function scoreMap(similarity: Tensor, size: number, blur: Blur): Tensor {
  grids('scoreMap', similarity.shape);
  return tidy(() => {
    const difference = combine(slice(similarity, 1, 1, 1), 0.5, slice(similarity, 1, 0, 1), -0.5);
    return upsampleScores(add(difference, full(similarity.gpu, [], 0.5)), size, blur);
  });
}

/**
 * Scores of patches at the size of the picture: blurred on the patch grid if asked to, then bilinear with corners aligned. Blur and
 * interpolation are one table, so the grid goes up in two passes. Both are linear: sum levels first.
 * @param scores [B, 1, G, G]
 * @returns [B, 1, size, size]
 */
export function upsampleScores(scores: Tensor, size: number, blur?: Blur): Tensor {
  const [rows, columns] = [scores.dim(-2), scores.dim(-1)];
  return resize2d(scores, upsampling(rows, size, blur), upsampling(columns, size, blur));
}

/**
 * Scores of patches at the size of the picture: bilinear with pixels as areas, then a Gaussian blur that reaches four
 * deviations, the border reflected with its edge (as SciPy's gaussian_filter does).
 * @param scores [B, 1, G, G]
 * @param sigma in pixels; 0 for no blur
 * @returns [B, 1, size, size]
 */
export function smoothScores(scores: Tensor, size: number, sigma: number): Tensor {
  const [rows, columns] = [scores.dim(-2), scores.dim(-1)];
  return resize2d(scores, smoothing(rows, size, sigma), smoothing(columns, size, sigma));
}

/**
 * The training map: bilinear to the picture with corners aligned, then softmax over the channels.
 * @param similarity [B, 2, G, G]
 * @returns [B, 2, size, size]
 */
export function probabilityMap(similarity: Tensor, size: number): Tensor {
  const [rows, columns] = grids('probabilityMap', similarity.shape);
  return tidy(() => softmax(resize2d(similarity, upsampling(rows, size), upsampling(columns, size)), 1));
}
