/** The curves of classes or runs over common axes. */
import type { CurvePoints, LabelCurves } from '../../eval/curve_points.js';
import { figureOf, lineChart, type Series } from './charts.js';
import type { KeptClass } from './kept_results.js';
import type { Markup } from './markup.js';

/** Curves under the name of a class or run. */
export interface NamedCurves {
  readonly name: string;
  readonly behind: KeptClass | undefined;
}

type Kind = 'roc' | 'pr' | 'pro';

const SHARE = [0, 1] as const;
const NONE: CurvePoints = { x: [], y: [] };

/** A chart of one kind of curve; nothing where no class has it. Each name keeps its stroke in every chart. */
function chart(
  all: readonly NamedCurves[],
  title: string,
  of: (behind: KeptClass) => LabelCurves | undefined,
  kind: Kind,
): Markup[] {
  const series = all.map(({ name, behind }): Series => {
    const curve = behind && of(behind)?.[kind];
    return { name, points: curve ?? NONE };
  });
  const there = series.filter(({ points }) => points.x.length > 0);
  if (there.length === 0) return [];
  const limit = Math.max(...there.map(({ points }) => points.x.at(-1)!));
  const [x, y] = {
    roc: [
      { label: 'false-positive rate', domain: SHARE },
      { label: 'true-positive rate', domain: SHARE },
    ] as const,
    pr: [
      { label: 'recall', domain: SHARE },
      { label: 'precision', domain: SHARE },
    ] as const,
    pro: [
      { label: 'false-positive rate', domain: [0, limit] as const },
      { label: 'per-region overlap', domain: SHARE },
    ] as const,
  }[kind];
  return [figureOf(title, lineChart(title, x, y, series))];
}

/** All curves that there are: ROC, precision and recall, per-region overlap. */
export function curveCharts(all: readonly NamedCurves[]): Markup[] {
  const pixels = (behind: KeptClass): LabelCurves | undefined => behind.pixels;
  const images = (behind: KeptClass): LabelCurves | undefined => behind.images;
  return [
    ...chart(all, 'ROC of pixels', pixels, 'roc'),
    ...chart(all, 'Precision and recall of pixels', pixels, 'pr'),
    ...chart(all, 'PRO: overlap of regions', pixels, 'pro'),
    ...chart(all, 'ROC of images', images, 'roc'),
    ...chart(all, 'Precision and recall of images', images, 'pr'),
  ];
}
