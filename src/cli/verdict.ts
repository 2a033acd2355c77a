/** Whether a picture counts as faulty, and what decided. */
import type { Decision } from '../detect/decision.js';
import type { Detection } from '../detect/detection.js';

export interface Verdict {
  readonly anomalous: boolean;
  readonly decidedBy: { readonly source: Decision['source'] | 'flag'; readonly rule: string };
}

/** What decides: `--threshold` where it is given, else what the detector decides by. */
export function decidedBy(own: Pick<Decision, 'source' | 'rule'>, threshold: number | undefined): Verdict['decidedBy'] {
  return threshold === undefined ? own : { source: 'flag', rule: `score of ${threshold} or more` };
}

/** @param threshold on the published score, as `--threshold` gives it; undefined where the detector decides */
export function verdictOf(
  { score, decision }: Pick<Detection, 'score' | 'decision'>,
  threshold: number | undefined,
): Verdict {
  const { source, rule } = decision;
  return {
    anomalous: threshold === undefined ? decision.anomalous : score >= threshold,
    decidedBy: decidedBy({ source, rule }, threshold),
  };
}
