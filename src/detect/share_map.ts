/** Anomaly maps on the host. */

/** A map of scores, `data[y * width + x]`; higher is more anomalous. */
export interface ScoreMap {
  readonly width: number;
  readonly height: number;
  readonly data: Float32Array;
}

/**
 * The summed map as a share of "abnormal" against "normal", 0 to 1, comparable between pictures.
 *
 * A level's map is (s1 - s0 + 1) / 2; the softmax that training computes from the same similarities is sigmoid(s1 -
 * s0). So the mean difference of the levels goes through a sigmoid.
 */
export function shareMap(sum: ScoreMap, levels: number): ScoreMap {
  const data = sum.data.map((v) => 1 / (1 + Math.exp(1 - (2 * v) / levels)));
  return { width: sum.width, height: sum.height, data };
}
