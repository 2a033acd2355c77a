/** Anomaly maps on the host. */
import { BY_COSINES, type Scoring } from '../model/methods/method.js';

/** A map of scores, `data[y * width + x]`; higher is more anomalous. */
export interface ScoreMap {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/**
 * The summed map as a share of "abnormal" against "normal", 0 to 1, comparable between pictures.
 * @param levels number of levels
 * @param scoring of the method whose map it is; AA-CLIP's by default
 */
export function shareMap(sum: ScoreMap, levels: number, scoring: Scoring = BY_COSINES): ScoreMap {
  const { width, height, data: from } = sum;
  const data = new Float32Array(from.length);
  for (let i = 0; i < from.length; i++) data[i] = scoring.share(from[i]!, levels);
  return { width, height, data };
}
