/** Decisions by a calibration. */
import { type Calibration, ruleOf } from './calibration.js';
import type { Decision } from './decision.js';
import { evidenceMap, peakValue } from './evidence.js';
import { onScale } from './score_scale.js';
import type { ScoreMap } from './share_map.js';

/**
 * What a calibration of its class makes of a picture: its score is that of the map's peak, so a picture is faulty where some
 * pixel is.
 * @param map the share of "abnormal", and the `distances` to the references, as large
 */
export function calibratedDecision(
  calibration: Calibration,
  { map, distances }: { readonly map: ScoreMap; readonly distances?: ScoreMap | undefined },
): Decision {
  const { combination, scale } = calibration;
  const evidence = (): ScoreMap => evidenceMap(map, distances, combination);
  const peak = peakValue(evidence());
  return {
    evidence: { score: peak, threshold: scale.threshold, map: evidence },
    score: onScale(peak, scale),
    anomalous: peak >= scale.threshold,
    source: 'calibration',
    rule: ruleOf(calibration),
    // Computed again when it is asked for: a map that nobody looks at is not kept.
    map: () => {
      const { width, height, data } = evidence();
      return { width, height, data: data.map((v) => onScale(v, scale)) };
    },
  };
}
