/** Scores a batch: decoded pictures in, numbers on the host out. */
import type { PixelSource } from '../picture/resize_picture.js';
import { preparePictures } from '../picture/resize_picture.js';
import { read, tidy } from '../tensor/tensor.js';
import type { AnomalyModel } from './anomaly_model.js';
import type { ScoreMap } from './share_map.js';

export interface BatchScores {
  /** The published sum of every picture's maps, each in its own memory: [S, S] of a picture that is scored as a whole. */
  readonly sums: readonly ScoreMap[];
  /** The detection token's score of every picture. */
  readonly scores: Float32Array;
  /** Distances to the references of every picture's class, as large as `sums`; meaningless where a class has none. */
  readonly distances: readonly (ScoreMap | undefined)[];
}

/**
 * Prepares pictures, runs the model over them and reads its results back. Everything is recorded and submitted before
 * this returns, so the device works while the caller continues.
 * @param classes the class of all pictures, or a class for each
 * @throws when a class was not loaded, or the numbers of classes and pictures differ; device errors come as a rejection
 */
export function scorePictures(
  model: AnomalyModel,
  pictures: readonly PixelSource[],
  classes: string | readonly string[],
): Promise<BatchScores> {
  const size = model.imageSize;
  const found = tidy(() => model.run(preparePictures(model.gpu, pictures, size), classes)); // [B, S, S], [B]
  const { map, score, distances } = found;
  const values = Promise.all([read(map), read(score), distances && read(distances)] as const);
  for (const t of [map, score, distances]) t?.release();
  const apart = (maps: Float32Array): ScoreMap[] =>
    pictures.map((_, i) => {
      return { width: size, height: size, data: maps.slice(i * size * size, (i + 1) * size * size) };
    });
  return values.then(([maps, scores, far]) => ({ sums: apart(maps), scores, distances: far ? apart(far) : [] }));
}
