/** Scores of a class's pictures, from the peaks of their maps and the scores of the whole pictures. */
import type { Domain } from '../data/datasets.js';
import type { Scoring } from '../model/methods/method.js';

type Scale = (score: number) => number;

const f = Math.fround;

/**
 * @param scaleMap scales a peak over the class, `scaleScore` a score; monotonic, so that the peak of a scaled map is the scaled
 * peak
 */
export function fusedScores(
  peaks: readonly number[],
  scores: Float32Array,
  { rescaled, peakShare }: Scoring,
  domain: Domain,
  { scaleMap, scaleScore }: { readonly scaleMap: Scale; readonly scaleScore: Scale },
): Float32Array {
  const share = peakShare(domain);
  return scores.map((score, i) => {
    const whole = rescaled ? scaleScore(score) : score;
    if (share === 0) return whole;
    const peak = scaleMap(peaks[i]!);
    return share === 1 ? peak : f(f(share * peak) + f((1 - share) * whole));
  });
}
