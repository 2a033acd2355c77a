/** What the figures of a class are made of, and the figures of a part of its images. */
import { type CurveFigures, curveFigures, figuresOf } from './curve.js';
import type { PartFigures } from './metrics.js';
import { percent } from './percent.js';
import type { SortedScores } from './sorted_scores.js';

/** Labels and scores of a class, scaled over all its images. */
export interface ScaledClass {
  /** 0 normal, 1 abnormal; for each image. */
  readonly labels: readonly number[];
  /** The score of each image, 0 to 1. */
  readonly scores: Float32Array;
  /** Undefined where a mask is missing. */
  readonly pixels: SortedScores | undefined;
  /** Scales the pixels' scores. */
  readonly scale: (score: number) => number;
  /** The false-positive rate at which the curve of per-region overlap ends; undefined where there are no regions. */
  readonly limit: number | undefined;
}

const rounded = (share: number | undefined): number | null => (share === undefined ? null : percent(share));

/** Figures of curves that have both labels; those of one label cannot be compared with anything. */
const ofBoth = (figures: CurveFigures | undefined): Partial<CurveFigures> =>
  figures?.auroc === undefined ? {} : figures;

/**
 * The figures of some images of a class. Scores stay scaled over the whole class, so they can be compared with the class's.
 * @param kept whether an image counts
 * @throws when the class's pixels do not keep their images
 */
export function partFigures(
  { labels, scores, pixels, scale, limit }: ScaledClass,
  kept: readonly boolean[],
): PartFigures {
  const part = pixels?.weighted(kept.map(Number));
  const overlap = part && limit !== undefined ? { regions: part.regions, limit } : undefined;
  const pixel = ofBoth(part && curveFigures(part, scale, overlap));
  const image = ofBoth(
    figuresOf(
      scores.filter((_, i) => kept[i]),
      labels.filter((_, i) => kept[i]),
    ),
  );
  return {
    pixelAuc: rounded(pixel.auroc),
    pixelAp: rounded(pixel.averagePrecision),
    imageAuc: rounded(image.auroc),
    imageAp: rounded(image.averagePrecision),
    pixelAupro: rounded(pixel.aupro),
    pixelF1: pixel.bestF1 ?? null,
    imageF1: image.bestF1 ?? null,
  };
}
