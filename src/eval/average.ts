/** The mean of several classes or data sets. */
import type { Figures } from './metrics.js';

const FIGURES = ['pixelAuc', 'pixelAp', 'imageAuc', 'imageAp'] as const;

/** Plain mean over the classes that have the figure, as published. */
export function average(rows: readonly Figures[]): Figures {
  const mean = (key: (typeof FIGURES)[number]): number | null => {
    const known = rows.map((r) => r[key]).filter((v) => v !== null);
    return known.length === 0 ? null : known.reduce((sum, v) => sum + v, 0) / known.length;
  };
  return { pixelAuc: mean('pixelAuc'), pixelAp: mean('pixelAp'), imageAuc: mean('imageAuc'), imageAp: mean('imageAp') };
}
