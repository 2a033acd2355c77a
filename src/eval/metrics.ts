/**
 * The published figures of a class: AUROC and average precision of pixels and images in per cent, after maps and image scores
 * are scaled to [0, 1] over the whole class.
 */
import type { Domain } from '../data/datasets.js';
import type { ClassDetails } from './class_details.js';
import { type BestF1, type CurveFigures, curveFigures, figuresOf, type OverlapOptions } from './curve.js';
import { CurveRecorder } from './curve_points.js';
import { percent } from './percent.js';
import { connectedRegions } from './regions.js';
import { EMPTY, scaling, widen } from './score_range.js';
import { type ScoreMemory, SortedScores } from './sorted_scores.js';

/** In per cent, rounded as published; null where the data cannot give the figure. */
export interface Figures {
  readonly pixelAuc: number | null;
  readonly pixelAp: number | null;
  readonly imageAuc: number | null;
  readonly imageAp: number | null;
}

export interface ClassFigures extends Figures {
  /** Area under the curve of per-region overlap up to `ClassOptions.overlapLimit`, in per cent as the other figures. */
  readonly pixelAupro: number | null;
  /** Threshold in the unit of the maps. */
  readonly pixelF1: BestF1 | null;
  /** Threshold in the unit of the class's image scores, 0 to 1. */
  readonly imageF1: BestF1 | null;
  readonly images: number;
  readonly abnormalImages: number;
  readonly pixels: number;
  readonly abnormalPixels: number;
  /** Notes for a reader of the figures: one label only, no masks, constant maps. */
  readonly notes: readonly string[];
}

const f = Math.fround;

export interface ClassOptions {
  /** Pixels in a row of the maps; without it there is no per-region overlap. */
  readonly width?: number | undefined;
  /** The false-positive rate at which the curve of per-region overlap ends; 0.3 by default. */
  readonly overlapLimit?: number | undefined;
  /** Where the scores of pixels are kept; all in memory by default. */
  readonly memory?: ScoreMemory | undefined;
}

/** Collects the maps and scores of one class, image by image. */
export class ClassScores implements Disposable {
  readonly #domain: Domain;
  readonly #options: ClassOptions;
  #pixels: SortedScores;
  #regions = 0;
  #mapRange = EMPTY;
  readonly #peaks: number[] = [];
  readonly #scores: number[] = [];
  readonly #labels: number[] = [];
  #withoutMask = 0;
  #count = 0;

  constructor(domain: Domain, options: ClassOptions = {}) {
    this.#domain = domain;
    this.#options = options;
    this.#pixels = new SortedScores(options.memory);
  }

  /** Drops what is kept outside of memory. */
  [Symbol.dispose](): void {
    this.#pixels[Symbol.dispose]();
  }

  /**
   * Adds one image.
   * @param map the summed score map, any number of pixels; it is not kept
   * @param mask not 0 where the pixel is abnormal, as long as the map; a normal image needs no mask; if an abnormal
   * image has no mask, the class has no pixel figures
   * @param width pixels in a row of the map, where it is not that of the class's options
   * @throws when the lengths differ or a score is not finite
   */
  add(
    map: Float32Array,
    mask: ArrayLike<number> | undefined,
    label: number,
    score: number,
    width = this.#options.width,
  ): void {
    const what = `image ${this.#labels.length} of the class`;
    if (map.length === 0) throw new Error(`${what}: empty map: expected at least one pixel`);
    if (!Number.isFinite(score)) throw new Error(`${what}: image score is ${score}: expected a finite number`);
    const range = widen(EMPTY, map);
    if (!mask && label !== 0) {
      this.#withoutMask++;
      this.#pixels[Symbol.dispose]();
      this.#pixels = new SortedScores();
    }
    if (this.#withoutMask === 0) this.#addPixels(map, mask, what, width);
    else if (!map.every(Number.isFinite))
      throw new Error(`${what}: the map holds NaN or infinity: expected finite numbers`);
    const { min, max } = this.#mapRange;
    this.#mapRange = { min: Math.min(min, range.min), max: Math.max(max, range.max) };
    this.#peaks.push(range.max);
    this.#scores.push(f(score));
    this.#labels.push(label === 0 ? 0 : 1);
    this.#count += map.length;
  }

  #addPixels(map: Float32Array, mask: ArrayLike<number> | undefined, what: string, width: number | undefined): void {
    if (!mask || width === undefined || this.#options.width === undefined) {
      this.#pixels.add(map, mask, what);
      return;
    }
    const { labels, sizes } = connectedRegions(mask, width);
    this.#pixels.add(
      map,
      mask,
      what,
      labels.map((label) => sizes[label]!),
    );
    this.#regions += sizes.length - 1;
  }

  /** Images added so far. */
  get images(): number {
    return this.#labels.length;
  }

  /**
   * The range maps are scaled by: their smallest and largest value so far, or 0 and 1 where the largest is exactly 1.
   */
  get mapRange(): { readonly lo: number; readonly hi: number } {
    const { min, max } = this.#mapRange;
    return max === 1 ? { lo: 0, hi: 1 } : { lo: min, hi: max };
  }

  /** The class's figures. @throws when no image was added */
  figures(): ClassFigures {
    return this.details().figures;
  }

  /** The class's figures and the curves behind them. @throws when no image was added */
  details(): ClassDetails {
    if (this.#labels.length === 0) throw new Error('metrics: a class without images: expected at least one');
    const notes: string[] = [];
    const scaleMap = scaling(this.#mapRange);
    const scores = Float32Array.from(this.#scores);
    const scoreRange = widen(EMPTY, scores);
    const scaleScore = scaling(scoreRange);
    const constant = (what: string): void => {
      notes.push(`all ${what} are equal: they count as 0, where the published program has NaN`);
    };
    if (this.#mapRange.min === this.#mapRange.max && this.#mapRange.max !== 1) constant('map values');
    if (this.#domain === 'Industrial' && scoreRange.min === scoreRange.max && scoreRange.max !== 1)
      constant('image scores');
    // The peak of a scaled map is the scaled peak, since scaling is monotonic.
    const fused = this.#peaks.map((peak, i) => {
      const scaled = scaleMap(peak);
      return this.#domain === 'Medical' ? scaled : f(f(0.5 * scaled) + f(0.5 * scaleScore(scores[i]!)));
    });
    const abnormalImages = this.#labels.reduce((sum, l) => sum + l, 0);
    const images = new CurveRecorder({ positives: abnormalImages, negatives: this.#labels.length - abnormalImages });
    const figures = figuresOf(Float32Array.from(fused), this.#labels, undefined, images);
    const image = this.#labelled('image', figures, notes);
    const pixels = this.#pixels;
    const overlap = this.#overlap();
    const { positives, negatives } = pixels;
    const traced = new CurveRecorder({ positives, negatives, overlapLimit: overlap?.limit, range: this.mapRange });
    if (this.#withoutMask > 0) notes.push(`${this.#withoutMask} abnormal images have no mask: no pixel figures`);
    const pixel =
      this.#withoutMask > 0
        ? { auc: null, ap: null, f1: null, pro: null }
        : this.#labelled('pixel', curveFigures(pixels, scaleMap, overlap, traced), notes);
    return {
      figures: {
        pixelAuc: pixel.auc,
        pixelAp: pixel.ap,
        imageAuc: image.auc,
        imageAp: image.ap,
        pixelAupro: pixel.pro,
        pixelF1: pixel.f1,
        imageF1: image.f1,
        images: this.#labels.length,
        abnormalImages,
        pixels: this.#count,
        abnormalPixels: positives,
        notes,
      },
      pixels: this.#withoutMask > 0 ? undefined : traced.curves,
      images: images.curves,
      results: this.#labels.map((label, i) => ({ label, score: fused[i]!, peak: this.#peaks[i]! })),
    };
  }

  #overlap(): OverlapOptions | undefined {
    const { width, overlapLimit: limit = 0.3 } = this.#options;
    return width === undefined ? undefined : { regions: this.#regions, limit };
  }

  /** In per cent; 0 where only one label occurs, as published for images (for pixels the published program fails). */
  #labelled(what: string, { auroc, averagePrecision, bestF1, aupro }: CurveFigures, notes: string[]) {
    const [f1, pro] = [bestF1 ?? null, aupro === undefined ? null : percent(aupro)];
    if (auroc !== undefined && averagePrecision !== undefined) {
      return { auc: percent(auroc), ap: percent(averagePrecision), f1, pro };
    }
    notes.push(`every ${what} is ${bestF1 ? 'abnormal' : 'normal'}: the ${what} figures are given as 0`);
    return { auc: 0, ap: 0, f1, pro };
  }
}

/**
 * The figures of a class whose maps are all in memory.
 * @param pixelLabels masks of all images, one after the other, as long as `maps`
 * @param imageLabels 0 or 1 for each image
 * @param maps score maps of all images, one after the other
 * @param imageScores a score for each image
 * @throws when the lengths do not fit or a score is not finite
 */
export function classMetrics(
  pixelLabels: ArrayLike<number>,
  imageLabels: ArrayLike<number>,
  maps: Float32Array,
  imageScores: ArrayLike<number>,
  domain: Domain,
  options?: ClassOptions,
): ClassFigures {
  const images = imageLabels.length;
  const pixels = maps.length / images;
  if (!Number.isInteger(pixels) || imageScores.length !== images || pixelLabels.length !== maps.length) {
    throw new Error(
      `metrics: lengths do not fit: expected maps and masks of ${images} images and as many scores, got ${maps.length}, ${pixelLabels.length} and ${imageScores.length}`,
    );
  }
  const scores = new ClassScores(domain, options);
  for (let i = 0; i < images; i++) {
    const mask = Uint8Array.from({ length: pixels }, (_, k) => Number(pixelLabels[i * pixels + k] !== 0));
    scores.add(maps.subarray(i * pixels, (i + 1) * pixels), mask, imageLabels[i]!, imageScores[i]!);
  }
  return scores.figures();
}
