/** What is made of a picture's scores: good or faulty, and by which rule. */
import type { ScoreMap } from './share_map.js';

export interface Decision {
  /** 0: like good pictures; 0.5: the threshold; 1: like faulty pictures. Comparable between pictures. */
  readonly score: number;
  /** Whether the score reaches the threshold. */
  readonly anomalous: boolean;
  /** What the threshold was chosen by: a calibration, training pictures, or nothing (a preset). */
  readonly source: 'calibration' | 'training' | 'preset';
  /** The rule in one line. */
  readonly rule: string;
  /** The same scale at every pixel of `Detection.map`; faulty where it is 0.5 or more. Computed when it is asked for. */
  map(): ScoreMap;
}
