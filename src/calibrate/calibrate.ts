/** Calibrates a class from pictures of it: references, how maps are combined, the scale, and the threshold. */
import { epochOrder } from '../data/shuffle.js';
import type { Calibration } from '../detect/calibration.js';
import type { Detection } from '../detect/detection.js';
import type { Detector } from '../detect/detector.js';
import { AaclipError, checkAborted, within } from '../detect/errors.js';
import { type Combination, combinationOf, evidenceMap, peakValue } from '../detect/evidence.js';
import { coreRows, joinRows, type ReferenceRows, uploadReferences } from '../detect/reference_rows.js';
import { unitPatches } from '../detect/references.js';
import { logit } from '../detect/score_scale.js';
import type { PictureSource } from '../detect/sources.js';
import { packF16 } from '../io/dtype.js';
import { upright } from '../picture/orientation.js';
import { persist, read, type Tensor } from '../tensor/tensor.js';
import { byF1, byFalseAlarms, checkEnough, type JudgedPicture, scaleOf, standsOut } from './choose_scale.js';

export interface CalibrateOptions {
  /** Faulty pictures of the class: with them the threshold is the one with the highest F1. */
  readonly bad?: readonly PictureSource[] | undefined;
  /** As many patches are kept as this many pictures have, a core set where more are given; 8 by default, 0 for none. */
  readonly references?: number | undefined;
  /** EXIF orientations in which good pictures are references too: 2 mirrored, 3, 6, 8 turned, 4 upside down. */
  readonly turned?: readonly number[] | undefined;
  /** Share of good pictures that may be called faulty; 0.01 by default. */
  readonly falseAlarms?: number | undefined;
  readonly confidence?: number | undefined;
  /** Of the core set; 0 by default. */
  readonly seed?: number | undefined;
  /** Called with the number of forward passes done and to do. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface CalibrationReport {
  readonly calibration: Calibration;
  /** In the order given; each judged by references that it is not part of. */
  readonly good: readonly JudgedPicture[];
  readonly bad: readonly JudgedPicture[];
  /** The good picture that is far from all others, and may be faulty. */
  readonly standsOut?: JudgedPicture | undefined;
}

const REFERENCES = 8;
/** References are chosen from at most this many times as many pictures. */
const POOL = 4;

/** The maps of a good picture, each without the help of its own patches. */
type Maps = Pick<Detection, 'map' | 'distances'>;

/**
 * Calibrates a class of a detector, which uses the result from then on.
 *
 * Good pictures that are references are judged by the references of the others. The scale's 0 is the median peak of good pictures, 0.5
 * the threshold, 1 the median peak of faulty ones, or without them as far beyond the threshold as good pictures lie below it.
 *
 * @param good pictures without a fault, at least three
 * @throws AaclipError `picture` when one cannot be read, `options` when there are too few or an option is invalid, `class` when the
 *   class was not loaded
 */
export async function calibrate(
  detector: Detector,
  className: string,
  good: readonly PictureSource[],
  options: CalibrateOptions = {},
): Promise<CalibrationReport> {
  const { bad = [], falseAlarms = 0.01, confidence = 0.95 } = options;
  checkEnough(className, good.length);
  const known = detector.classes.find(({ name }) => name === className);
  if (!known) throw new AaclipError('class', `calibrate: class "${className}" was not loaded`);
  // Wrong shares are told before pictures are scored.
  await within('options', () => byFalseAlarms([{ name: '', value: 0 }], falseAlarms, confidence));
  const before = detector.calibrations.get(className);
  const run = new CalibrationRun(detector, className, good, options);
  try {
    const { combination, peaks } = await run.judgeGood();
    const badPeaks = await run.judge(bad, combination);
    const chosen = bad.length > 0 ? byF1(peaks, badPeaks) : byFalseAlarms(peaks, falseAlarms, confidence);
    const calibration: Calibration = {
      className,
      words: known.words,
      domain: known.domain,
      model: await detector.identity(),
      combination,
      scale: scaleOf(peaks, badPeaks, chosen.threshold),
      rule: chosen.rule,
      good: good.length,
      faulty: bad.length,
      references: run.references,
    };
    await detector.useCalibration(calibration);
    return { calibration, good: peaks, bad: badPeaks, standsOut: standsOut(peaks) };
  } catch (error) {
    // The class is decided on as before; where that fails too, the first error tells more.
    detector.dropCalibration(className);
    if (before) await detector.useCalibration(before).catch(() => undefined);
    throw error;
  } finally {
    run[Symbol.dispose]();
  }
}

/** Rows of each picture of the pool, by level. */
type PictureRows = ReadonlyMap<number, readonly ReferenceRows[]>;

class CalibrationRun implements Disposable {
  /** What is kept of the good pictures; after `judgeGood`. */
  references: ReadonlyMap<number, ReferenceRows> = new Map();
  readonly #detector: Detector;
  readonly #className: string;
  readonly #good: readonly PictureSource[];
  readonly #options: CalibrateOptions;
  readonly #most: number;
  readonly #total: number;
  #done = 0;

  constructor(detector: Detector, className: string, good: readonly PictureSource[], options: CalibrateOptions) {
    const { references = REFERENCES, turned = [], bad = [] } = options;
    if (!Number.isInteger(references) || references < 0) {
      throw new AaclipError('options', `references: expected a number of pictures, 0 or more, got ${references}`);
    }
    this.#detector = detector;
    this.#className = className;
    this.#good = good;
    this.#options = options;
    this.#most = references;
    const pool = references === 0 ? 0 : Math.min(good.length, POOL * references);
    this.#total = pool * (1 + turned.length) + good.length + bad.length;
    detector.dropCalibration(className);
  }

  /** Chooses references and the combination, and judges every good picture. */
  async judgeGood(): Promise<{ combination: Combination; peaks: JudgedPicture[] }> {
    const good = this.#good;
    const pool = [...epochOrder(good.length, this.#options.seed ?? 0, 0).subarray(0, POOL * this.#most)].sort(
      (a, b) => a - b,
    );
    const chosen = await this.#chooseRows(pool);
    const found = new Map<number, { readonly name: string } & Maps>();
    for (const [place, index] of pool.entries()) {
      this.#compareWith(new Map([...chosen].map(([level, parts]) => [level, parts.filter((_, i) => i !== place)])));
      found.set(index, await this.#look(good[index]!));
    }
    this.#compareWith(chosen);
    this.references = new Map([...chosen].map(([level, parts]) => [level, joinRows(parts)]));
    const others = good.map((_, i) => i).filter((i) => !found.has(i));
    if (found.size === 0) for (const i of others.splice(0)) found.set(i, await this.#look(good[i]!));
    const maps = [...found.values()];
    const combination = combinationOf({
      zeroShot: maps.map(({ map }) => logit(peakValue(map))),
      distance: maps.flatMap(({ distances }) => (distances ? [peakValue(distances)] : [])),
    });
    const peaks = new Map([...found].map(([i, own]) => [i, judged(own, combination)]));
    const rest = await this.judge(
      others.map((i) => good[i]!),
      combination,
    );
    for (const [k, i] of others.entries()) peaks.set(i, rest[k]!);
    return { combination, peaks: good.map((_, i) => peaks.get(i)!) };
  }

  /** Judges pictures by all references. */
  async judge(pictures: readonly PictureSource[], combination: Combination): Promise<JudgedPicture[]> {
    const peaks: JudgedPicture[] = [];
    for await (const found of this.#detector.detect(pictures, this.#className, { signal: this.#options.signal })) {
      peaks.push(judged(found, combination));
      this.#tick();
    }
    return peaks;
  }

  /** Rows of the pictures of the pool, level by level and picture by picture, no more than are wanted. */
  async #chooseRows(pool: readonly number[]): Promise<PictureRows> {
    const levels = new Map<number, ReferenceRows[]>();
    for (const index of pool) {
      for (const [level, rows] of await this.#rowsOf(this.#good[index]!)) {
        levels.set(level, [...(levels.get(level) ?? []), rows]);
      }
    }
    const { gpu } = this.#detector.model;
    const chosen = new Map<number, readonly ReferenceRows[]>();
    for (const [level, parts] of levels) {
      const { values, width } = joinRows(parts);
      const ofPicture = values.length / width / parts.length;
      chosen.set(level, await coreRows(gpu, parts, Math.ceil(this.#most * ofPicture), this.#options.seed ?? 0));
    }
    return chosen;
  }

  /** Unit patch tokens of a picture, and of its turned copies, for each level. */
  async #rowsOf(source: PictureSource): Promise<Map<number, ReferenceRows>> {
    const tensors: [number, Tensor][] = [];
    const { model } = this.#detector;
    model.watchLevels((tokens, level) => {
      tensors.push([level, persist(unitPatches(tokens))]);
    });
    const rows = new Map<number, ReferenceRows>();
    try {
      const { picture } = await this.#look(source);
      for (const orientation of this.#options.turned ?? []) await this.#look(upright(picture, orientation));
      for (const [level, tensor] of tensors) {
        const own = { values: packF16(await read(tensor)), width: tensor.dim(-1) };
        const before = rows.get(level);
        rows.set(level, before ? joinRows([before, own]) : own);
      }
    } finally {
      model.watchLevels(undefined);
      for (const [, tensor] of tensors) tensor.release();
    }
    return rows;
  }

  #compareWith(levels: PictureRows): void {
    const { model } = this.#detector;
    model.setReferences(this.#className, levels.size > 0 ? uploadReferences(model.gpu, levels) : undefined);
  }

  async #look(source: PictureSource): Promise<Detection> {
    checkAborted(this.#options.signal);
    for await (const found of this.#detector.detect([source], this.#className)) {
      this.#tick();
      return found;
    }
    throw new Error('calibrate: a picture without a result');
  }

  #tick(): void {
    this.#options.onProgress?.(++this.#done, this.#total);
  }

  [Symbol.dispose](): void {
    this.#detector.model.watchLevels(undefined);
  }
}

const judged = (found: { readonly name: string } & Maps, combination: Combination): JudgedPicture => ({
  name: found.name,
  value: peakValue(evidenceMap(found.map, found.distances, combination)),
});
