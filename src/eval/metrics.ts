/**
 * The published figures of a class: AUROC and average precision of pixels and images in per cent, after maps and image scores
 * are scaled to [0, 1] over the whole class.
 */
import type { Domain } from '../data/datasets.js';
import { BY_COSINES, type Scoring } from '../model/methods/method.js';
import type { ClassDetails } from './class_details.js';
import { type BestF1, type CurveFigures, curveFigures, figuresOf } from './curve.js';
import { CurveRecorder } from './curve_points.js';
import { fusedScores } from './fused_scores.js';
import { percent } from './percent.js';
import { connectedRegions } from './regions.js';
import type { ScaledClass } from './scaled_class.js';
import { EMPTY, scaling, widen } from './score_range.js';
import { type ScoreMemory, SortedScores } from './sorted_scores.js';

/** In per cent, rounded as published; null where the data cannot give the figure. */
export interface Figures {
  readonly pixelAuc: number | null;
  readonly pixelAp: number | null;
  readonly imageAuc: number | null;
  readonly imageAp: number | null;
}

/** All figures of some images. */
export interface PartFigures extends Figures {
  /** Area under the curve of per-region overlap up to `ClassOptions.overlapLimit`, in per cent as the other figures. */
  readonly pixelAupro: number | null;
  /** Threshold in the unit of the maps. */
  readonly pixelF1: BestF1 | null;
  /** Threshold in the unit of the class's image scores, 0 to 1. */
  readonly imageF1: BestF1 | null;
}

export interface ClassFigures extends PartFigures {
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
  /** How the method makes scores of pictures; AA-CLIP's way by default. */
  readonly scoring?: Scoring | undefined;
  /** Where the scores of pixels are kept; all in memory by default. */
  readonly memory?: ScoreMemory | undefined;
  /** Whether pixels keep their image, as figures of parts of the class and intervals need: four bytes more for each. */
  readonly byImage?: boolean | undefined;
}

/** Collects the maps and scores of one class, image by image. */
export class ClassScores implements Disposable {
  readonly #domain: Domain;
  readonly #options: ClassOptions;
  #pixels: SortedScores;
  #mapRange = EMPTY;
  readonly #peaks: number[] = [];
  readonly #scores: number[] = [];
  readonly #labels: number[] = [];
  #withoutMask = 0;
  #count = 0;

  constructor(domain: Domain, options: ClassOptions = {}) {
    this.#domain = domain;
    this.#options = options;
    this.#pixels = new SortedScores(options.memory, options.byImage);
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
   * @throws when the lengths differ or a score is not finite
   */
  add(map: Float32Array, mask: ArrayLike<number> | undefined, label: number, score: number): void {
    const what = `image ${this.#labels.length} of the class`;
    if (map.length === 0) throw new Error(`${what}: empty map: expected at least one pixel`);
    if (!Number.isFinite(score)) throw new Error(`${what}: image score is ${score}: expected a finite number`);
    const range = widen(EMPTY, map);
    if (!mask && label !== 0) {
      this.#withoutMask++;
      this.#pixels[Symbol.dispose]();
      this.#pixels = new SortedScores();
    }
    if (this.#withoutMask === 0) this.#addPixels(map, mask, what);
    else if (!map.every(Number.isFinite))
      throw new Error(`${what}: the map holds NaN or infinity: expected finite numbers`);
    const { min, max } = this.#mapRange;
    this.#mapRange = { min: Math.min(min, range.min), max: Math.max(max, range.max) };
    this.#peaks.push(range.max);
    this.#scores.push(f(score));
    this.#labels.push(label === 0 ? 0 : 1);
    this.#count += map.length;
  }

  #addPixels(map: Float32Array, mask: ArrayLike<number> | undefined, what: string): void {
    const { width } = this.#options;
    this.#pixels.add(map, mask, what, mask && width !== undefined ? connectedRegions(mask, width) : undefined);
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
    const notes: string[] = [];
    const { labels, scores: fused, pixels, scale, limit } = this.scaled(notes);
    const abnormalImages = labels.reduce((sum, l) => sum + l, 0);
    const images = new CurveRecorder({ positives: abnormalImages, negatives: labels.length - abnormalImages });
    const image = this.#labelled('image', figuresOf(fused, labels, undefined, images), notes);
    const { positives, negatives, regions } = this.#pixels;
    const traced = new CurveRecorder({ positives, negatives, overlapLimit: limit, range: this.mapRange });
    if (!pixels) notes.push(`${this.#withoutMask} abnormal images have no mask: no pixel figures`);
    const overlap = limit === undefined ? undefined : { regions, limit };
    const exact = pixels && curveFigures(pixels, scale, overlap, traced);
    const pixel = exact ? this.#labelled('pixel', exact, notes) : { auc: null, ap: null, f1: null, pro: null };
    return {
      figures: {
        pixelAuc: pixel.auc,
        pixelAp: pixel.ap,
        imageAuc: image.auc,
        imageAp: image.ap,
        pixelAupro: pixel.pro,
        pixelF1: pixel.f1,
        imageF1: image.f1,
        images: labels.length,
        abnormalImages,
        pixels: this.#count,
        abnormalPixels: positives,
        notes,
      },
      exact,
      pixels: pixels && traced.curves,
      images: images.curves,
      results: labels.map((label, i) => ({ label, score: fused[i]!, peak: this.#peaks[i]! })),
    };
  }

  /**
   * What the figures are made of, scaled over the whole class.
   * @param notes takes what a reader of the figures should know about the scaling
   * @throws when no image was added
   */
  scaled(notes: string[] = []): ScaledClass {
    if (this.#labels.length === 0) throw new Error('metrics: a class without images: expected at least one');
    const { scoring = BY_COSINES } = this.#options;
    const scaleMap = scoring.rescaled ? scaling(this.#mapRange) : (score: number): number => score;
    const scores = Float32Array.from(this.#scores);
    const scoreRange = widen(EMPTY, scores);
    const scaleScore = scaling(scoreRange);
    const constant = (what: string): void => {
      notes.push(`all ${what} are equal: they count as 0, where the published program has NaN`);
    };
    if (scoring.rescaled && this.#mapRange.min === this.#mapRange.max && this.#mapRange.max !== 1)
      constant('map values');
    if (scoring.rescaled && this.#domain === 'Industrial' && scoreRange.min === scoreRange.max && scoreRange.max !== 1)
      constant('image scores');
    const fused = fusedScores(this.#peaks, scores, scoring, this.#domain, {
      scaleMap: scaling(this.#mapRange),
      scaleScore,
    });
    const { width, overlapLimit = 0.3 } = this.#options;
    return {
      labels: this.#labels,
      scores: fused,
      pixels: this.#withoutMask > 0 ? undefined : this.#pixels,
      scale: scaleMap,
      limit: width === undefined ? undefined : overlapLimit,
    };
  }

  /** In per cent; 0 where only one label occurs, as published for images (for pixels the published program fails). */
  #labelled(what: string, { auroc, averagePrecision, bestF1, aupro }: CurveFigures, notes: string[]) {
    const [f1, pro] = [bestF1 ?? null, aupro === undefined ? null : percent(aupro)];
    if (auroc !== undefined && averagePrecision !== undefined) {
      return { auc: percent(auroc), ap: percent(averagePrecision), f1, pro };
    }
    notes.push(`every ${what} is ${bestF1 ? 'abnormal' : 'normal'}: the ${what} figures are n/a, and 0 as published`);
    return { auc: 0, ap: 0, f1, pro };
  }
}
