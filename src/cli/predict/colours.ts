/** Which values the colours of heatmaps and the greys of maps stand for (`--range`). */
import type { Detection } from '../../detect/detection.js';
import type { ScoreMap } from '../../detect/share_map.js';
import type { LegendMarks } from '../../eval/heat_legend.js';
import { rangeOf, type ScoreRange } from '../../eval/heatmap.js';

export const RANGES = ['scale', 'share', 'image'] as const;
export type RangeKind = (typeof RANGES)[number];

/** What is shown of a picture. */
export interface Shown extends ScoreRange {
  readonly map: ScoreMap;
  readonly marks: LegendMarks;
}

/** The map to show, the values of its lowest and highest colour, and what a legend says of them. */
export function shownMap({ map, decision }: Pick<Detection, 'map' | 'decision'>, range: RangeKind): Shown {
  const mark = (value: string, meaning = '') => ({ value, meaning });
  if (range === 'scale') {
    const marks = [mark('0', 'good'), mark('0.5', 'threshold'), mark('1', 'faulty')] as const;
    return { map: decision.map(), lo: 0, hi: 1, marks };
  }
  if (range === 'share') {
    return { map, lo: 0, hi: 1, marks: [mark('0'), mark('0.5', 'share of "abnormal"'), mark('1')] };
  }
  const { lo, hi } = rangeOf(map);
  const marks = [mark(lo.toPrecision(2)), mark('', 'share, this picture'), mark(hi.toPrecision(2))] as const;
  return { map, lo, hi, marks };
}
