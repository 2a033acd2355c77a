/** What stage two records about scores at the end of an epoch: how they are spread on some of its own pictures. */
import { batchesOf, epochOrder } from '../data/shuffle.js';
import { pictureScore } from '../detect/detection.js';
import { type RecordedPicture, scoreRecords } from '../detect/score_records.js';
import { anomaly } from '../model/anomaly.js';
import { AA_CLIP, adaptedProjections } from '../model/methods/aa_clip.js';
import type { VisionTower } from '../model/vision.js';
import { preparePictures } from '../picture/resize_picture.js';
import { read, type Tensor, tidy } from '../tensor/tensor.js';
import { imageAdapterWeights, type Parameters } from './parameters.js';
import type { LoadedSample, TrainRun } from './training_run.js';

/** Pictures whose scores are recorded, at most. */
export const RECORDED_PICTURES = 64;

/**
 * The batches of samples to record: the first ones of the order of epoch 0, so that every epoch and a resumed run take the same.
 * @param seed of the stage
 */
export function recordedBatches(count: number, seed: number, batchSize: number): Uint32Array[] {
  return batchesOf(epochOrder(count, seed, 0).subarray(0, RECORDED_PICTURES), batchSize);
}

export interface RecordingModel {
  readonly vision: VisionTower;
  readonly adapters: Parameters;
  /** Anchors of each picture's class, [B, E, 2]. */
  anchorsOf(samples: readonly LoadedSample[]): Tensor;
}

/**
 * Scores pictures as a detector would, not augmented, a forward pass each.
 * @returns the spread of their scores as JSON; undefined where there were none
 */
export async function recordScores(
  run: TrainRun,
  { vision, adapters, anchorsOf }: RecordingModel,
): Promise<string | undefined> {
  const { gpu, config, flags, classes } = run;
  const domains = new Map(classes.map((c) => [c.name, c.domain]));
  const recorded: RecordedPicture[] = [];
  for await (const samples of run.host.recordedSamples?.(flags.imageBatch) ?? []) {
    const own = samples.map((s) => domains.get(s.className)!);
    const { map, score } = tidy(() => {
      const images = preparePictures(
        gpu,
        samples.map((s) => s.picture),
        flags.imageSize,
      ); // [B, 3, S, S]
      const projections = adaptedProjections(images, vision, imageAdapterWeights(adapters), { mix: flags.imageMix });
      return anomaly(projections, anchorsOf(samples), flags.imageSize, own);
    });
    const values = Promise.all([read(map), read(score)] as const);
    map.release();
    score.release();
    const [maps, scores] = await values;
    const pixels = maps.length / samples.length;
    for (const [i, { label }] of samples.entries()) {
      const largest = maps.subarray(i * pixels, (i + 1) * pixels).reduce((a, b) => (b > a ? b : a));
      // Rounded as the shares of a map are.
      const peak = Math.fround(AA_CLIP.scoring.share(largest, config.levels.length));
      const domain = own[i]!;
      recorded.push({ domain, label, peak, score: pictureScore(peak, scores[i]!, domain, AA_CLIP.scoring) });
    }
  }
  return recorded.length === 0 ? undefined : JSON.stringify(scoreRecords(recorded));
}
