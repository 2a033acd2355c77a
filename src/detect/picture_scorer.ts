/** How pictures are scored: each as a whole, or in tiles. */
import type { Picture } from '../picture/picture.js';
import { PIXEL_BUDGET } from '../picture/pixel_budget.js';
import { checkFits } from '../picture/resize_picture.js';
import type { Tiling } from '../picture/tile_grid.js';
import type { AnomalyModel } from './anomaly_model.js';
import { type BatchScores, scorePictures } from './picture_batch.js';
import { TiledScorer } from './tiled_scorer.js';

/** Turns decoded pictures into maps and scores. */
export interface PictureScorer extends Disposable {
  /** Most bytes of decoded pictures that are worth having at a time. */
  readonly batchBytes: number;
  /** @throws PictureError when the device cannot take the picture */
  checkFits(picture: Picture): void;
  /**
   * Scores a batch. The device works on it when this returns; ends early, with a rejection, when the scorer is disposed of.
   * @param classes a class for each picture
   */
  score(pictures: readonly Picture[], classes: readonly string[]): Promise<BatchScores>;
}

/**
 * @param batch most pictures, or tiles, that go through the towers at a time
 * @param tiling undefined for pictures as a whole
 */
export function pictureScorer(model: AnomalyModel, batch: number, tiling: Tiling | undefined): PictureScorer {
  if (tiling) return new TiledScorer(model, batch, tiling);
  return {
    batchBytes: PIXEL_BUDGET,
    checkFits: (picture) => checkFits(model.gpu, picture, model.imageSize),
    score: (pictures, classes) => scorePictures(model, pictures, classes),
    [Symbol.dispose]: () => undefined,
  };
}
