/** What lies behind the figures of a class: its curves, and how each image was scored. */
import type { CurveFigures } from './curve.js';
import type { LabelCurves } from './curve_points.js';
import type { ClassFigures } from './metrics.js';

/** An image as the figures see it. */
export interface ImageResult {
  /** 0 normal, 1 abnormal. */
  readonly label: number;
  /** The score that the figures of images use, 0 to 1. */
  readonly score: number;
  /** The map's highest value, in the unit of the maps. */
  readonly peak: number;
}

/** What lies behind the figures of a class. */
export interface ClassDetails {
  readonly figures: ClassFigures;
  /** The figures of pixels before they are rounded; undefined where a mask is missing. */
  readonly exact: CurveFigures | undefined;
  /** Undefined where a mask is missing. */
  readonly pixels: LabelCurves | undefined;
  readonly images: LabelCurves;
  /** In the order in which they were added. */
  readonly results: readonly ImageResult[];
}
