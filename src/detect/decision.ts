/** What is made of a picture's scores: good or faulty, and by which rule. */
import type { ScoreMap } from './share_map.js';

/** What a decision is made from, on an open scale: nothing is cut off, so pictures and pixels can be ranked by it. */
export interface Evidence {
  /** Of a calibration the peak of `map`, else the log-odds of the published score; the `threshold` is on the same scale. */
  readonly score: number;
  readonly threshold: number;
  /** Of a calibration the combined map, else the log-odds of `Detection.map`; as large as that. Computed when it is asked for. */
  map(): ScoreMap;
}

export interface Decision {
  /** 0: like good pictures; 0.5: the threshold; 1: like faulty pictures. Comparable between pictures. */
  readonly score: number;
  /** Whether the score reaches the threshold. */
  readonly anomalous: boolean;
  /** What the threshold was chosen by: a calibration, training pictures, or nothing (a preset). */
  readonly source: 'calibration' | 'training' | 'preset';
  /** The rule in one line. */
  readonly rule: string;
  readonly evidence: Evidence;
  /** The same scale at every pixel of `Detection.map`; faulty where it is 0.5 or more. Computed when it is asked for. */
  map(): ScoreMap;
}
