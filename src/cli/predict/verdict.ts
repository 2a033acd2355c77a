/** Whether a picture counts as faulty, and what decided. */
import type { Decision } from '../../detect/decision.js';
import type { Detection } from '../../detect/detection.js';

export interface Verdict {
  readonly anomalous: boolean;
  readonly decidedBy: { readonly source: Decision['source'] | 'flag'; readonly rule: string };
}

/** @param threshold on the published score, as `--threshold` gives it; undefined where the detector decides */
export function verdictOf(
  { score, decision }: Pick<Detection, 'score' | 'decision'>,
  threshold: number | undefined,
): Verdict {
  const { anomalous, source, rule } = decision;
  if (threshold === undefined) return { anomalous, decidedBy: { source, rule } };
  return { anomalous: score >= threshold, decidedBy: { source: 'flag', rule: `score of ${threshold} or more` } };
}
