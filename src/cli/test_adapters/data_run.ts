/** Runs a data set through a detector: pictures are decoded ahead, and maps are counted while the device works. */
import { join } from 'node:path';
import { byClass, type Sample } from '../../data/metadata.js';
import { scoreFault } from '../../detect/finite_scores.js';
import { ClassScores } from '../../eval/metrics.js';
import type { AverageIntervals, ClassRow } from '../../eval/report.js';
import { Loader } from '../../node/loader.js';
import { openWordFile } from '../../node/word_file.js';
import type { PictureRules } from '../../picture/picture.js';
import type { Tiling } from '../../picture/tile_grid.js';
import { type KeptClass, keptClass } from '../report/kept_results.js';
import { ClassResults, type FurtherFigures } from './class_results.js';
import { drawClass, safeParts } from './draw_class.js';
import { MapFile } from './map_file.js';
import type { ScoredSample, ScoreSource } from './score_source.js';
import type { TestedData } from './tested_data.js';

export interface RunOptions {
  /** How large pictures are cut; undefined for pictures as a whole. */
  readonly tile: Tiling | undefined;
  /** Decoding threads. */
  readonly threads: number | undefined;
  /** How pictures and masks are read. */
  readonly rules: PictureRules;
  /** Where pictures are drawn, in a folder for each class; undefined draws nothing. */
  readonly pictures: string | undefined;
  /** Folder for the maps of a class until it is drawn, and for scores of pixels that exceed the memory. */
  readonly scratch: string;
  /** Bytes for the scores of a class's pixels. */
  readonly scoreBytes: number;
  readonly further: FurtherFigures;
  /** Called where a class could not be drawn: its figures count all the same. */
  readonly onUndrawn: (error: unknown) => void;
  /** Called as pictures are done. */
  readonly onProgress: (done: number, note: string) => void;
}

export interface Failure {
  readonly error: Error;
  /** Classes without figures. */
  readonly missing: readonly string[];
  /** Whether nothing more can be tested, as after a device failed. */
  readonly final: boolean;
}

export interface RunResult {
  /** The classes that were completed, in the order of the samples. */
  readonly rows: readonly ClassRow[];
  /** What lies behind the figures of each of them. */
  readonly behind: ReadonlyMap<string, KeptClass>;
  /** Why classes are missing. */
  readonly failure: Failure | undefined;
  readonly seconds: number;
  /** Seconds of them that drawing took. */
  readonly drawingSeconds: number;
  /** Intervals of the mean over the classes, where they were asked for. */
  readonly averageIntervals: AverageIntervals | undefined;
  /** The sheets of the classes that were drawn. */
  readonly sheets: readonly string[];
}

/** A class with some of its pictures counted. */
interface OpenClass {
  readonly scores: ClassScores;
  readonly samples: readonly Sample[];
  readonly maps: MapFile | undefined;
}

/**
 * The figures of a data set. A picture that cannot be read costs the figures of its class, since those of a part of a class
 * could not be compared; where a map is not finite or the device fails, the run ends with the classes it has.
 */
export async function testData(source: ScoreSource, data: TestedData, options: RunOptions): Promise<RunResult> {
  await using run = new DataRun(source, data, options);
  return await run.all();
}

class DataRun implements AsyncDisposable {
  readonly #source: ScoreSource;
  readonly #data: TestedData;
  readonly #options: RunOptions;
  readonly #loader: Loader;
  readonly #classes: ReadonlyMap<string, readonly Sample[]>;
  readonly #open = new Map<string, OpenClass>();
  readonly #results: ClassResults;
  readonly #behind = new Map<string, KeptClass>();
  readonly #sheets: string[] = [];
  /** Classes with a picture that cannot be read. */
  readonly #broken = new Map<string, Error>();
  readonly #onBroken = (error: Error, { className }: Sample): void => {
    if (!this.#broken.has(className)) this.#broken.set(className, error);
  };
  #done = 0;
  #drawingSeconds = 0;

  constructor(source: ScoreSource, data: TestedData, options: RunOptions) {
    this.#source = source;
    this.#data = data;
    this.#options = options;
    const { root, samples, bytes } = data;
    const { threads, rules, tile } = options;
    const onBroken = this.#onBroken;
    const sizes = { maskSize: source.imageSize, tileSize: tile?.size };
    this.#classes = byClass(samples);
    this.#results = new ClassResults(data.name, options.further);
    this.#loader = new Loader({ root, samples, bytes, rules, ...sizes, threads, onBroken });
  }

  async all(): Promise<RunResult> {
    const started = performance.now();
    let ended: Error | undefined;
    try {
      await this.#run();
    } catch (e) {
      ended = e instanceof Error ? e : new Error(String(e));
    }
    const { rows, average: averageIntervals } = this.#results;
    const done = new Set(rows.map(({ className }) => className));
    const missing = [...this.#classes.keys()].filter((name) => !done.has(name));
    const [error = ended] = this.#broken.values();
    const failure = error && { error: ended ?? error, missing, final: ended !== undefined };
    const seconds = (performance.now() - started) / 1000;
    const [behind, sheets, drawingSeconds] = [this.#behind, this.#sheets, this.#drawingSeconds];
    return { rows, averageIntervals, behind, failure, sheets, seconds, drawingSeconds };
  }

  async #run(): Promise<void> {
    const isBroken = (className: string): boolean => this.#broken.has(className);
    const run = { loader: this.#loader, isBroken, onBroken: this.#onBroken };
    for await (const scored of this.#source.scores(this.#data, run)) for (const one of scored) await this.#count(one);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loader.close();
    for (const { scores, maps } of this.#open.values()) {
      scores[Symbol.dispose]();
      await maps?.[Symbol.asyncDispose]();
    }
  }

  async #count({ sample, mask, map, score }: ScoredSample): Promise<void> {
    if (this.#broken.has(sample.className)) return;
    const open = await this.#classOf(sample.className);
    const place = open.scores.images;
    const fault = scoreFault(sample.imagePath, { sum: map.data, score }, this.#source.precision);
    if (fault) throw fault;
    try {
      open.scores.add(map.data, mask, sample.label, score, map.width);
    } catch (error) {
      throw new Error(`${sample.imagePath}: ${error instanceof Error ? error.message : String(error)}`);
    }
    await open.maps?.put(place, map);
    this.#done++;
    this.#options.onProgress(this.#done, sample.className);
    if (open.scores.images === open.samples.length) await this.#finish(sample.className, open);
  }

  async #classOf(className: string): Promise<OpenClass> {
    const found = this.#open.get(className);
    if (found) return found;
    const { pictures, scratch, scoreBytes } = this.#options;
    const maps = pictures === undefined ? undefined : await MapFile.create(scratch);
    const { domain, overlapLimit } = this.#data;
    const memory = { bytes: scoreBytes, openStore: () => openWordFile(scratch) };
    const { intervals, defects } = this.#options.further;
    const byImage = intervals !== undefined || defects;
    const { imageSize: width, scoring } = this.#source;
    const scores = new ClassScores(domain, { width, scoring, overlapLimit, memory, byImage });
    const made = { scores, samples: this.#classes.get(className)!, maps };
    this.#open.set(className, made);
    return made;
  }

  /** Counts a class after its last picture, draws it, and drops its maps. */
  async #finish(className: string, { scores, samples, maps }: OpenClass): Promise<void> {
    const details = scores.details();
    const { pictures, further, onProgress } = this.#options;
    if (further.intervals) onProgress(this.#done, `${className}: intervals`);
    this.#results.add(className, scores, details, samples);
    const sheets = this.#sheets.length;
    if (maps && pictures !== undefined) {
      const first = this.#data.samples.indexOf(samples[0]!);
      const places = samples.map((_, i) => first + i);
      const drawn = { className, samples, places, range: scores.mapRange, maps, details };
      let n = 0;
      const onDrawn = (): void => onProgress(this.#done, `${className}: drawing ${++n}/${samples.length}`);
      const options = {
        folder: join(pictures, ...safeParts(className)),
        loader: this.#loader,
        size: this.#source.imageSize,
        onDrawn,
      };
      const started = performance.now();
      await drawClass(drawn, options).then((sheet) => this.#sheets.push(sheet), this.#options.onUndrawn);
      this.#drawingSeconds += (performance.now() - started) / 1000;
    }
    this.#behind.set(className, keptClass(details, samples, this.#sheets[sheets]));
    await maps?.[Symbol.asyncDispose]();
    scores[Symbol.dispose]();
    this.#open.delete(className);
  }
}
