/** A batch of pictures on the device: launched at once, its results taken later. */
import type { Picture } from '../picture/picture.js';
import type { AnomalyModel } from './anomaly_model.js';
import type { DecisionRules } from './decision_rules.js';
import { type Detection, detectionOf } from './detection.js';
import { type AaclipError, abortable, checkAborted, libraryError, within } from './errors.js';
import { scoreFault } from './finite_scores.js';
import type { BatchScores } from './picture_batch.js';
import type { PictureScorer } from './picture_scorer.js';

/** A picture of a batch, or why it cannot be read. */
export type Opened = { readonly index: number; readonly className: string } & (
  | { readonly picture: Picture }
  | { readonly error: AaclipError }
);

type Good = Extract<Opened, { readonly picture: Picture }>;

type OnBroken = ((error: AaclipError, index: number) => void) | undefined;

/** The picture, or the error of one that the device cannot take. */
function fitting(scorer: PictureScorer, opened: Opened): Opened {
  if ('error' in opened) return opened;
  try {
    scorer.checkFits(opened.picture);
    return opened;
  } catch (error) {
    const { index, className } = opened;
    return { index, className, error: libraryError('picture', error) };
  }
}

export class LaunchedBatch {
  /** Pictures that were opened, broken ones included. */
  readonly count: number;
  /** A broken picture that ends the detection: those behind it are not scored. */
  readonly failure: AaclipError | undefined;
  readonly #model: AnomalyModel;
  readonly #decisions: DecisionRules;
  readonly #onBroken: OnBroken;
  readonly #good: Good[] = [];
  readonly #broken: (readonly [AaclipError, number])[] = [];
  readonly #started = performance.now();
  readonly #scores: Promise<BatchScores> | undefined;
  #done: BatchScores | undefined;
  /** Milliseconds of a picture. */
  #ms = 0;

  /**
   * Records and submits the work for a batch, so that the device is busy while the caller goes on.
   * @param decisions what decides on its pictures
   * @param onBroken told about pictures without a result; without it, the first that cannot be read is the batch's `failure`
   */
  constructor(
    model: AnomalyModel,
    scorer: PictureScorer,
    opened: readonly Opened[],
    decisions: DecisionRules,
    onBroken: OnBroken,
  ) {
    this.#model = model;
    this.#decisions = decisions;
    this.#onBroken = onBroken;
    this.count = opened.length;
    for (const o of opened.map((one) => fitting(scorer, one))) {
      if ('picture' in o) this.#good.push(o);
      else if (onBroken) this.#broken.push([o.error, o.index]);
      else {
        this.failure = o.error;
        break;
      }
    }
    if (this.#good.length === 0) return;
    const pictures = this.#good.map(({ picture }) => picture);
    const classes = this.#good.map(({ className }) => className);
    this.#scores = within('device', () => scorer.score(pictures, classes));
    // Awaited by `finish`; this avoids an unhandled rejection until then.
    this.#scores.catch(() => undefined);
  }

  /**
   * Waits for the device.
   * @param since when the device could begin with it at the earliest, by `performance.now`: it may have worked on another
   * batch before
   * @throws AaclipError `device` or `aborted`
   */
  async finish(since: number, signal: AbortSignal | undefined): Promise<void> {
    this.#done = this.#scores && (await abortable(this.#scores, signal));
    this.#ms = (performance.now() - Math.max(since, this.#started)) / this.#good.length;
  }

  /**
   * The detections, in the order of the pictures; only after `finish`. A picture whose scores are no numbers has none.
   * @throws AaclipError `score` at such a picture, where nobody is told about broken ones
   */
  *detections(signal: AbortSignal | undefined): Generator<Detection, void, undefined> {
    for (const [error, index] of this.#broken) this.#onBroken?.(error, index);
    for (const [i, { picture, className, index }] of this.#good.entries()) {
      const [sum, imageScore] = [this.#done!.sums[i]!, this.#done!.scores[i]!];
      const fault = scoreFault(picture.name, { sum: sum.data, score: imageScore }, this.#model.gpu.precision);
      if (fault) {
        if (!this.#onBroken) throw fault;
        this.#onBroken(fault, index);
        continue;
      }
      const domain = this.#model.domainOf(className);
      const distances = this.#model.hasReferences(className) ? this.#done!.distances[i] : undefined;
      const about = { index, className, domain, imageScore, distances, ms: this.#ms };
      yield detectionOf(picture, sum, this.#model, about, this.#decisions);
      checkAborted(signal);
    }
    if (this.failure) throw this.failure;
  }
}
