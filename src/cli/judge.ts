/** What the long-running commands need of a detector: verdicts on pictures as they come. A calibration plugs in here. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Detection } from '../detect/detection.js';
import type { Detector } from '../detect/detector.js';
import { AaclipError } from '../detect/errors.js';
import type { PictureSource } from '../detect/sources.js';
import { overlay, rangeOf, thresholdMap } from '../eval/heatmap.js';
import { mapRegions } from '../eval/map_regions.js';
import { encodePng } from '../node/encode_png.js';
import { markOwn } from '../node/own_pictures.js';
import { markedBy } from './marked.js';
import { verdictOf } from './verdict.js';

/** A picture to judge. */
export interface Asked {
  readonly picture: PictureSource;
  readonly className: string;
}

export interface Verdict {
  readonly score: number;
  readonly anomalous: boolean;
  /** What else is said of the picture, by the names of `predict --json`. */
  readonly about: Readonly<Record<string, unknown>>;
  /** A PNG of the picture with its map over it. */
  heatmap(): Uint8Array;
  /** A PNG of the picture's size: 255 where it is faulty, else 0. */
  mask(): Uint8Array;
}

/** What became of the picture at `index` of those asked about, from 0. */
export type Judged = { readonly index: number } & ({ readonly verdict: Verdict } | { readonly error: Error });

export interface Judge {
  /** Waits until pictures can be judged; opens a device that failed again. @throws one line when it cannot be opened */
  ready(): Promise<void>;
  /**
   * Judges pictures, each once; those of a batch in any order. Pictures are taken from the iterable only when a batch is put
   * together.
   * @throws AaclipError `device` when the device fails: the pictures without a verdict can be asked about again
   */
  judge(pictures: Iterable<Asked>): AsyncIterable<Judged>;
}

const CLOSED = 'webgpu: the device was closed while it was in use: try again';

/** Puts what comes without a wait in between into one group. */
export async function* inGroups<T>(source: AsyncIterable<T>): AsyncGenerator<T[], void, undefined> {
  const items = source[Symbol.asyncIterator]();
  let next = items.next();
  for (;;) {
    let got = await next;
    const group: T[] = [];
    while (!got.done) {
      group.push(got.value);
      next = items.next();
      // Awaited below; this avoids an unhandled rejection until then.
      next.catch(() => undefined);
      const soon = await Promise.race([next.catch(() => undefined), nextTurn(undefined)]);
      if (soon === undefined) break;
      got = soon;
    }
    if (group.length > 0) yield group;
    if (got.done) return;
  }
}

/** A detector, and a threshold for its scores. A device that failed is opened again for the next pictures. */
export class DetectorJudge implements Judge, Disposable {
  readonly #load: () => Promise<Detector>;
  readonly #threshold: number | undefined;
  #detector: Promise<Detector> | undefined;

  /**
   * @param load opens device and model
   * @param threshold pictures with this score or more are anomalous; undefined leaves the decision to the detector
   */
  constructor(load: () => Promise<Detector>, threshold: number | undefined) {
    this.#load = load;
    this.#threshold = threshold;
  }

  /** The detector; opens it where it is not open. @throws what `loadDetector` throws */
  detector(): Promise<Detector> {
    this.#detector ??= this.#load().catch((error: unknown) => {
      this.#detector = undefined;
      throw error;
    });
    return this.#detector;
  }

  async ready(): Promise<void> {
    await this.detector();
  }

  async *judge(pictures: Iterable<Asked>): AsyncGenerator<Judged, void, undefined> {
    const opening = this.detector();
    const detector = await opening;
    const broken: Judged[] = [];
    const classes: string[] = [];
    function* named(): Generator<PictureSource> {
      for (const { picture, className } of pictures) {
        classes.push(className);
        yield picture;
      }
    }
    // Read in step with the pictures.
    function* classOfEach(): Generator<string> {
      for (let i = 0; i < classes.length; i++) yield classes[i]!;
    }
    const onBroken = (error: AaclipError, index: number): void => void broken.push({ index, error });
    try {
      for await (const found of detector.detect(named(), classOfEach(), { onBroken })) {
        yield* broken.splice(0);
        yield { index: found.index, verdict: this.#verdict(found) };
      }
      yield* broken.splice(0);
    } catch (error) {
      const isDevice = error instanceof AaclipError && error.code === 'device';
      // Closed while these pictures were on it: others that were judged at the same time have met its failure first.
      if (this.#detector !== opening) throw isDevice ? error : new AaclipError('device', CLOSED, { cause: error });
      if (isDevice) await this.close();
      throw error;
    }
  }

  #verdict(found: Detection): Verdict {
    const { score, className, imageScore, peak, sum, decision, picture, ms } = found;
    const threshold = this.#threshold;
    const { lo: min, hi: max } = rangeOf(sum);
    const { width, height } = picture;
    const { anomalous, decidedBy } = verdictOf(found, threshold);
    const marked = markedBy(found, undefined);
    return {
      score,
      anomalous,
      about: {
        class: className,
        normalized_score: decision.score,
        decided_by: decidedBy,
        image_score: imageScore,
        peak,
        map_sum: { min, max },
        ...(threshold === undefined ? {} : { threshold }),
        ...(marked ? { regions: mapRegions(marked.map, marked.threshold, width, height) } : {}),
        ms: Math.round(ms),
      },
      heatmap: () => markOwn(encodePng(width, height, overlay(picture, decision.map(), 0, 1))),
      mask: () =>
        encodePng(
          width,
          height,
          thresholdMap(decision.map(), width, height, 0.5).map((v) => 255 * v),
        ),
    };
  }

  /** Closes the device; the next pictures open it again. */
  async close(): Promise<void> {
    const open = this.#detector;
    this.#detector = undefined;
    (await open?.catch(() => undefined))?.[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    void this.close();
  }
}
