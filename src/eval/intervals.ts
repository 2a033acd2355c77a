/**
 * Confidence intervals of a class's figures: a percentile bootstrap over images (Efron and Tibshirani 1993, chapter 13).
 *
 * A resample draws as many normal images as the class has, with replacement, and as many abnormal ones: so every resample has
 * both labels where the class has them. An image is drawn with all its pixels, since those of one image are not independent.
 * Scores stay scaled over the whole class. Resamples in which no pixel or every pixel is abnormal, where that is not so in
 * the class, are drawn again.
 *
 * Images are counted exactly. Pixels are counted in bins of scores (`image_bins.ts`), so fine that the figures of the class
 * itself, had from the bins, differ from the exact ones by less than `NEAR`; where they do not, bins are made finer.
 */
import { Draws } from '../data/random.js';
import { type BinCounts, type BinnedFigures, figuresOfBins } from './count_curves.js';
import type { CurveFigures, OverlapOptions } from './curve.js';
import { binImages, binPixels } from './image_bins.js';
import type { PartFigures } from './metrics.js';
import { percent } from './percent.js';
import type { ScaledClass } from './scaled_class.js';

export const FIGURES = ['pixelAuc', 'pixelAp', 'imageAuc', 'imageAp', 'pixelAupro', 'pixelF1', 'imageF1'] as const;
export type FigureName = (typeof FIGURES)[number];

/** The value of a figure in every resample, as a share from 0 to 1; a figure that the class does not have is left out. */
export type Replicates = Readonly<Partial<Record<FigureName, Float64Array>>>;

/** Lower and upper end in per cent, F1 too; null where the data cannot give the figure. */
export type Interval = readonly [low: number, high: number] | null;
export type Intervals = Readonly<Record<FigureName, Interval>>;

export interface BootstrapOptions {
  readonly resamples: number;
  /** A whole number of 0 or more. */
  readonly seed: number;
  /** Names the class, so that no two classes draw the same images. */
  readonly stream: string;
}

export interface Bootstrapped {
  readonly replicates: Replicates;
  /** The largest difference between a figure of the class from bins and the exact one, as a share; 0 without pixels. */
  readonly off: number;
}

/** The share of the distribution of resamples that an interval covers, in per cent. */
export const CONFIDENCE = 95;

/** What a figure from bins may differ from the exact one: a hundredth of a per cent. */
const NEAR = 1e-4;
const GRAINS = [1024, 4096, 16384] as const;
/** Bins are made finer up to so many bins times images, some 200 MiB. */
const MOST_COUNTS = 2 ** 24;

/** How often each image is drawn. */
function drawImages(strata: readonly (readonly number[])[], draws: Draws, weights: Float64Array): void {
  weights.fill(0);
  for (const images of strata) for (const _ of images) weights[images[draws.below(images.length)]!]! += 1;
}

/** The largest difference from the exact figures. */
function largestGap(binned: BinnedFigures, exact: CurveFigures): number {
  const pairs = [
    [binned.auroc, exact.auroc],
    [binned.averagePrecision, exact.averagePrecision],
    [binned.f1, exact.bestF1?.f1],
    [binned.aupro, exact.aupro],
  ];
  return Math.max(...pairs.map(([a, b]) => (a === undefined || b === undefined ? 0 : Math.abs(a - b))));
}

interface PixelResamples {
  readonly figures: (weights: Float64Array) => BinnedFigures | undefined;
  readonly off: number;
}

/** Bins that are fine enough. @returns undefined where the pixels do not have both labels */
function pixelResamples(
  { labels, pixels, scale, limit }: ScaledClass,
  exact: CurveFigures,
): PixelResamples | undefined {
  if (!pixels || exact.auroc === undefined) return undefined;
  const regions = pixels.regionsByImage;
  const overlapOf = (weights: Float64Array): OverlapOptions | undefined =>
    limit === undefined ? undefined : { limit, regions: regions.reduce((sum, n, i) => sum + n * weights[i]!, 0) };
  const once = new Float64Array(labels.length).fill(1);
  let made: PixelResamples | undefined;
  for (const grain of GRAINS) {
    if (made && grain * labels.length > MOST_COUNTS) break;
    const countsOf: (weights: Float64Array) => BinCounts = binPixels(pixels, scale, grain);
    const figures: PixelResamples['figures'] = (weights) => figuresOfBins(countsOf(weights), overlapOf(weights));
    made = { figures, off: largestGap(figures(once)!, exact) };
    if (made.off < NEAR) break;
  }
  return made;
}

/**
 * Resamples a class.
 * @param exact the figures of the class's pixels, if it has such
 * @throws when the class's pixels do not keep their images
 */
export function bootstrap(
  scaled: ScaledClass,
  exact: CurveFigures | undefined,
  { resamples, seed, stream }: BootstrapOptions,
): Bootstrapped {
  const { labels, scores } = scaled;
  const strata = [0, 1].map((label) => [...labels.keys()].filter((i) => labels[i] === label));
  const pixels = exact && pixelResamples(scaled, exact);
  const images = strata.every((s) => s.length > 0) ? binImages(scores, labels) : undefined;
  const made = (there: unknown): Float64Array | undefined => (there ? new Float64Array(resamples) : undefined);
  const overlap = pixels && exact.aupro !== undefined;
  const values = {
    ...{ pixelAuc: made(pixels), pixelAp: made(pixels), pixelF1: made(pixels), pixelAupro: made(overlap) },
    ...{ imageAuc: made(images), imageAp: made(images), imageF1: made(images) },
  };
  const weights = new Float64Array(labels.length);
  for (let i = 0; i < resamples && (pixels ?? images); i++) {
    const draws = new Draws({ seed, stream: `bootstrap ${stream}`, index: i });
    drawImages(strata, draws, weights);
    let pixel = pixels?.figures(weights);
    while (pixels && !pixel) {
      drawImages(strata, draws, weights);
      pixel = pixels.figures(weights);
    }
    const image = images && figuresOfBins(images(weights))!;
    const put = (list: Float64Array | undefined, value: number | undefined): void => {
      if (list && value !== undefined) list[i] = value;
    };
    put(values.pixelAuc, pixel?.auroc);
    put(values.pixelAp, pixel?.averagePrecision);
    put(values.pixelF1, pixel?.f1);
    put(values.pixelAupro, pixel?.aupro);
    put(values.imageAuc, image?.auroc);
    put(values.imageAp, image?.averagePrecision);
    put(values.imageF1, image?.f1);
  }
  const known = Object.entries(values).filter(([, list]) => list !== undefined);
  return { replicates: Object.fromEntries(known) as Replicates, off: pixels?.off ?? 0 };
}

/** A figure as a share; null where the class lacks it. */
function shareOf(figures: PartFigures, name: FigureName): number | null {
  if (name === 'pixelF1' || name === 'imageF1') return figures[name]?.f1 ?? null;
  const value = figures[name];
  return value === null ? null : value / 100;
}

/**
 * The plain mean over classes in every resample; classes are resampled independently of each other. A figure that is given
 * without an interval (as the published 0 of a class with one label) stays as it is in every resample.
 */
export function meanReplicates(
  classes: readonly { readonly figures: PartFigures; readonly replicates: Replicates }[],
): Replicates {
  const mean = (name: FigureName): Float64Array | undefined => {
    const known = classes.filter(({ figures }) => shareOf(figures, name) !== null);
    const length = known.find(({ replicates }) => replicates[name])?.replicates[name]?.length;
    if (length === undefined) return undefined;
    return Float64Array.from({ length }, (_, i) =>
      known.reduce((sum, c) => sum + (c.replicates[name]?.[i] ?? shareOf(c.figures, name)!) / known.length, 0),
    );
  };
  return Object.fromEntries(FIGURES.flatMap((name) => [[name, mean(name)] as const].filter(([, m]) => m)));
}

/** The value below which a share of the values lie, by linear interpolation between them (as NumPy's `percentile`). */
function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const low = Math.floor(at);
  return sorted[low]! + (at - low) * (sorted[Math.min(low + 1, sorted.length - 1)]! - sorted[low]!);
}

/** The middle `CONFIDENCE` per cent of the resamples. */
export function intervalsOf(replicates: Replicates): Intervals {
  const tail = (1 - CONFIDENCE / 100) / 2;
  const interval = (name: FigureName): Interval => {
    const sorted = replicates[name]?.slice().sort();
    return sorted && sorted.length > 0 ? [percent(quantile(sorted, tail)), percent(quantile(sorted, 1 - tail))] : null;
  };
  return Object.fromEntries(FIGURES.map((name) => [name, interval(name)])) as unknown as Intervals;
}
