/** The curves of a class as a few points each, and how its scores are spread: what a page needs to draw them. */

/** A line: a value of y for each value of x. */
export interface CurvePoints {
  readonly x: readonly number[];
  readonly y: readonly number[];
}

/** How many scores lie in each of equally wide bins, from `lo` to `hi`. */
export interface Histogram {
  readonly lo: number;
  readonly hi: number;
  readonly normal: readonly number[];
  readonly abnormal: readonly number[];
}

export interface LabelCurves {
  /** True-positive rate over false-positive rate; undefined where only one label occurs. */
  readonly roc?: CurvePoints;
  /** Precision over recall; undefined where no sample is abnormal. */
  readonly pr?: CurvePoints;
  /** Per-region overlap over the false-positive rate, up to the limit of the figure; undefined without regions. */
  readonly pro?: CurvePoints;
  /** Undefined where no range was given. */
  readonly histogram?: Histogram;
}

/** The most points of a curve. */
const MOST = 300;
/** A point is collected where the curve has moved this far since the point before, as a share of the axes. */
const STRIDE = 1 / 500;
/** Points this near to the straight line between their neighbours are left out. */
const FLAT = 1 / 2000;
const BINS = 50;

type Point = readonly [x: number, y: number];

/**
 * Collects a curve whose points come one by one; x never falls. Its first and its last point are exact. There may be a billion
 * points: nothing is allocated for those that are skipped.
 */
class Trace {
  readonly #points: Point[] = [];
  #keptX = Number.NEGATIVE_INFINITY;
  #keptY = 0;
  #lastX = 0;
  #lastY = 0;

  add(x: number, y: number): void {
    this.#lastX = x;
    this.#lastY = y;
    if (Math.abs(x - this.#keptX) + Math.abs(y - this.#keptY) < STRIDE) return;
    this.#points.push([x, y]);
    this.#keptX = x;
    this.#keptY = y;
  }

  /** The points, thinned. */
  get thinned(): CurvePoints {
    const all: Point[] = [...this.#points, [this.#lastX, this.#lastY]];
    let points = straightened(all, FLAT);
    for (let near = 2 * FLAT; points.length > MOST; near *= 2) points = straightened(all, near);
    const rounded = (v: number): number => Number(v.toFixed(5));
    return { x: points.map(([x]) => rounded(x)), y: points.map(([, y]) => rounded(y)) };
  }
}

/** The points that lie farther than `near` from a line through the others (Douglas and Peucker 1973). */
function straightened(points: readonly Point[], near: number): Point[] {
  const last = points.length - 1;
  const kept = new Set([0, last]);
  const spans: [number, number][] = [[0, last]];
  for (let span = spans.pop(); span !== undefined; span = spans.pop()) {
    const [from, to] = span;
    let [farthest, most] = [-1, near];
    for (let i = from + 1; i < to; i++) {
      const distance = distanceTo(points[from]!, points[to]!, points[i]!);
      if (distance > most) [farthest, most] = [i, distance];
    }
    if (farthest < 0) continue;
    kept.add(farthest);
    spans.push([from, farthest], [farthest, to]);
  }
  return points.filter((_, i) => kept.has(i));
}

/** Distance of a point from the straight line between two others. */
function distanceTo([ax, ay]: Point, [bx, by]: Point, [x, y]: Point): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = Math.hypot(dx, dy);
  return length === 0 ? Math.hypot(x - ax, y - ay) : Math.abs(dx * (y - ay) - dy * (x - ax)) / length;
}

export interface RecorderOptions {
  readonly positives: number;
  readonly negatives: number;
  /** The false-positive rate at which the curve of per-region overlap ends. */
  readonly overlapLimit?: number | undefined;
  /** Scores at the ends of the histogram. */
  readonly range?: { readonly lo: number; readonly hi: number } | undefined;
}

/** Records the curves of a class while its scores are walked, from the highest threshold down. */
export class CurveRecorder {
  readonly #options: RecorderOptions;
  readonly #positives: number;
  readonly #negatives: number;
  readonly #limit: number;
  readonly #lo: number;
  /** Bins per unit of the scores; undefined without a range. */
  readonly #bins: number | undefined;
  readonly #roc = new Trace();
  readonly #pr = new Trace();
  readonly #pro = new Trace();
  readonly #normal = new Array<number>(BINS).fill(0);
  readonly #abnormal = new Array<number>(BINS).fill(0);
  #begun = false;
  #rate = 0;
  #overlap = 0;

  constructor(options: RecorderOptions) {
    const { positives, negatives, overlapLimit = 1, range } = options;
    this.#options = options;
    this.#positives = positives;
    this.#negatives = negatives;
    this.#limit = overlapLimit;
    this.#lo = range?.lo ?? 0;
    this.#bins = range && (range.hi > range.lo ? BINS / (range.hi - range.lo) : 0);
    this.#roc.add(0, 0);
    this.#pro.add(0, 0);
  }

  /** Counts samples of one score. */
  count(score: number, abnormal: number, normal: number): void {
    if (this.#bins === undefined) return;
    const bin = Math.min(BINS - 1, Math.max(0, Math.floor((score - this.#lo) * this.#bins)));
    this.#normal[bin]! += normal;
    this.#abnormal[bin]! += abnormal;
  }

  /**
   * Adds a point to each curve.
   * @param tp abnormal samples at or above the threshold
   * @param fp normal samples at or above it
   * @param overlap mean over all regions of the share of their pixels at or above it
   */
  step(tp: number, fp: number, overlap: number | undefined): void {
    const rate = fp / this.#negatives;
    if (this.#positives > 0) {
      const [recall, precision] = [tp / this.#positives, tp / (tp + fp)];
      this.#roc.add(rate, recall);
      // The curve begins at recall 0 with the precision of its first point.
      if (!this.#begun) this.#pr.add(0, precision);
      this.#begun = true;
      this.#pr.add(recall, precision);
    }
    if (overlap !== undefined && this.#rate < this.#limit) this.#addOverlap(rate, overlap);
  }

  /** The curve is straight between its points, and cut off at the limit. */
  #addOverlap(rate: number, overlap: number): void {
    const [before, height] = [this.#rate, this.#overlap];
    const share = rate > this.#limit ? (this.#limit - before) / (rate - before) : 1;
    this.#pro.add(before + share * (rate - before), height + share * (overlap - height));
    this.#rate = rate;
    this.#overlap = overlap;
  }

  get curves(): LabelCurves {
    const { positives, negatives, overlapLimit, range } = this.#options;
    const both = positives > 0 && negatives > 0;
    return {
      ...(both ? { roc: this.#roc.thinned } : {}),
      ...(positives > 0 ? { pr: this.#pr.thinned } : {}),
      ...(both && overlapLimit !== undefined ? { pro: this.#pro.thinned } : {}),
      ...(range ? { histogram: { ...range, normal: this.#normal, abnormal: this.#abnormal } } : {}),
    };
  }
}
