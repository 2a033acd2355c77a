/** A batch from decoded pictures to numbers on the host. */
import type { PixelSource } from '../picture/resize_picture.js';
import { preparePictures } from '../picture/resize_picture.js';
import { read, tidy } from '../tensor/tensor.js';
import type { AnomalyModel } from './anomaly_model.js';

export interface BatchScores {
  /** The published sum of every picture's maps, [S, S], in memory of its own. */
  readonly sums: readonly Float32Array[];
  /** The detection token's score of every picture. */
  readonly scores: Float32Array;
}

/**
 * Prepares pictures, runs the model over them and reads its results back. Everything is recorded and submitted before this
 * returns, so the device works while the caller goes on.
 * @param classes the class of all pictures, or one a picture
 * @throws when a class was not loaded, or there are not as many as pictures; device errors come as a rejection
 */
export function scorePictures(
  model: AnomalyModel,
  pictures: readonly PixelSource[],
  classes: string | readonly string[],
): Promise<BatchScores> {
  const size = model.imageSize;
  const { map, score } = tidy(() => model.run(preparePictures(model.gpu, pictures, size), classes)); // [B, S, S], [B]
  const values = Promise.all([read(map), read(score)] as const);
  map.release();
  score.release();
  return values.then(([maps, scores]) => ({
    sums: pictures.map((_, i) => maps.slice(i * size * size, (i + 1) * size * size)),
    scores,
  }));
}
