/**
 * How anomalous a picture of a calibrated class is: the log-odds of the zero-shot map and the distances to the references,
 * each as its class's good pictures vary, in one map.
 */
import { logit } from './score_scale.js';
import type { ScoreMap } from './share_map.js';

/** A map's part of the evidence: weight (v - mean). */
export interface Share {
  /** Mean of the peaks of good pictures. */
  readonly mean: number;
  readonly weight: number;
}

export interface Combination {
  /** Of the log-odds of the map's share. */
  readonly zeroShot: Share;
  /** Of the distances to the references, summed over the levels; undefined without references. */
  readonly distance?: Share | undefined;
}

/** Peaks of good pictures: log-odds of their maps, and distances to references that they are not part of. */
export interface GoodPeaks {
  readonly zeroShot: readonly number[];
  readonly distance: readonly number[];
}

/**
 * Share of the zero-shot map; the rest is the distances'. Chosen on drawn pictures of 40 classes and on photographs of 16 surfaces
 * with pasted faults (docs/decisions.md), the same for every class.
 */
const ZERO_SHOT = 0.3;

/** Least deviation of the peaks, for pictures that are all alike: log-odds, and a share of the mean distance. */
const LEAST_LOG_ODDS = 0.05;
const LEAST_DISTANCE = 0.01;
/** Least deviation of distances, which copies of one picture reach: what rounding makes of a distance of 0, and more. */
const ROUNDING = 1e-4;

/**
 * The combination for a class: each map is centred on the mean of its good pictures' peaks, and divided by their deviation, so
 * that the one which tells less about good pictures of this class counts less.
 * @param peaks at least two of each kind; no distances where there are no references
 */
export function combinationOf({ zeroShot, distance }: GoodPeaks): Combination {
  const zero = meanAndDeviation(zeroShot);
  if (distance.length === 0) {
    return { zeroShot: { mean: zero.mean, weight: 1 / Math.max(zero.deviation, LEAST_LOG_ODDS) } };
  }
  const far = meanAndDeviation(distance);
  return {
    zeroShot: { mean: zero.mean, weight: ZERO_SHOT / Math.max(zero.deviation, LEAST_LOG_ODDS) },
    distance: {
      mean: far.mean,
      weight: (1 - ZERO_SHOT) / Math.max(far.deviation, LEAST_DISTANCE * far.mean, ROUNDING),
    },
  };
}

function meanAndDeviation(values: readonly number[]): { readonly mean: number; readonly deviation: number } {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / Math.max(1, values.length - 1)) };
}

/**
 * The evidence at every pixel.
 * @param share the zero-shot map, 0 to 1
 * @param distances as large as `share`; needed where the combination has a part of them
 */
export function evidenceMap(
  share: ScoreMap,
  distances: ScoreMap | undefined,
  { zeroShot, distance }: Combination,
): ScoreMap {
  const { width, height } = share;
  const data = share.data.map((v) => zeroShot.weight * (logit(v) - zeroShot.mean));
  if (distance) {
    if (!distances) throw new Error('evidence: expected distances to the references, got none');
    for (let i = 0; i < data.length; i++) data[i]! += distance.weight * (distances.data[i]! - distance.mean);
  }
  return { width, height, data };
}

/** The largest value of a map. */
export const peakValue = ({ data }: ScoreMap): number =>
  data.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
