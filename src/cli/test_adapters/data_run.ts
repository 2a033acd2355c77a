/** Runs a data set through a detector: pictures are decoded ahead, and maps are counted while the device works. */
import { join } from 'node:path';
import type { Domain } from '../../data/datasets.js';
import { byClass, type Sample } from '../../data/metadata.js';
import { batchesOf } from '../../data/shuffle.js';
import type { AnomalyModel } from '../../detect/anomaly_model.js';
import { type BatchScores, scorePictures } from '../../detect/picture_batch.js';
import { ClassScores } from '../../eval/metrics.js';
import type { ClassRow } from '../../eval/report.js';
import { type DecodedSample, Loader } from '../../node/loader.js';
import { drawClass, safeParts } from './draw_class.js';
import { MapFile } from './map_file.js';

export interface TestedData {
  readonly name: string;
  readonly root: string;
  readonly domain: Domain;
  /** Class by class. */
  readonly samples: readonly Sample[];
  /** The detector's name for a class of this data set. */
  keyOf(className: string): string;
}

export interface RunOptions {
  /** Pictures at a time. */
  readonly batch: number;
  /** Decoding threads. */
  readonly threads: number | undefined;
  /** Where pictures are drawn, in a folder for each class; undefined draws nothing. */
  readonly pictures: string | undefined;
  /** Folder for the maps of a class until it is drawn. */
  readonly scratch: string;
  /** Called where a class could not be drawn: its figures count all the same. */
  readonly onUndrawn: (error: unknown) => void;
  /** Called as pictures are done. */
  readonly onProgress: (done: number, note: string) => void;
}

export interface RunResult {
  /** In the order of the samples. */
  readonly rows: readonly ClassRow[];
  readonly seconds: number;
  /** The sheets of the classes that were drawn. */
  readonly sheets: readonly string[];
}

/** A class with some of its pictures counted. */
interface OpenClass {
  readonly scores: ClassScores;
  readonly samples: readonly Sample[];
  readonly maps: MapFile | undefined;
}

interface Pending {
  readonly batch: readonly DecodedSample[];
  readonly values: Promise<BatchScores>;
}

/**
 * The figures of a data set.
 * @throws one line when a picture cannot be read or a map is not finite: figures without it could not be compared
 */
export async function testData(model: AnomalyModel, data: TestedData, options: RunOptions): Promise<RunResult> {
  await using run = new DataRun(model, data, options);
  return await run.all();
}

class DataRun implements AsyncDisposable {
  readonly #model: AnomalyModel;
  readonly #data: TestedData;
  readonly #options: RunOptions;
  readonly #loader: Loader;
  readonly #classes: ReadonlyMap<string, readonly Sample[]>;
  readonly #open = new Map<string, OpenClass>();
  readonly #rows: ClassRow[] = [];
  readonly #sheets: string[] = [];
  #done = 0;

  constructor(model: AnomalyModel, data: TestedData, options: RunOptions) {
    this.#model = model;
    this.#data = data;
    this.#options = options;
    const { root, samples } = data;
    this.#classes = byClass(samples);
    this.#loader = new Loader({ root, samples, maskSize: model.imageSize, threads: options.threads });
  }

  async all(): Promise<RunResult> {
    const started = performance.now();
    const order = Uint32Array.from(this.#data.samples, (_, i) => i);
    let pending: Pending | undefined;
    for await (const batch of this.#loader.batches(batchesOf(order, this.#options.batch))) {
      // The device works on this batch while the batch before it is counted.
      const next = this.#launch(batch);
      await this.#settle(pending);
      pending = next;
    }
    await this.#settle(pending);
    return { rows: this.#rows, sheets: this.#sheets, seconds: (performance.now() - started) / 1000 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#loader.close();
    for (const { maps } of this.#open.values()) await maps?.[Symbol.asyncDispose]();
  }

  #launch(batch: readonly DecodedSample[]): Pending {
    const values = scorePictures(
      this.#model,
      batch.map(({ picture }) => picture),
      batch.map(({ sample }) => this.#data.keyOf(sample.className)),
    );
    // Awaited when the next batch is launched; this avoids an unhandled rejection until then.
    values.catch(() => undefined);
    return { batch, values };
  }

  async #settle(pending: Pending | undefined): Promise<void> {
    if (!pending) return;
    const { sums, scores } = await pending.values;
    for (const [i, { sample, mask }] of pending.batch.entries()) {
      const open = await this.#classOf(sample.className);
      const map = sums[i]!;
      const place = open.scores.images;
      try {
        open.scores.add(map, mask, sample.label, scores[i]!);
      } catch (error) {
        throw new Error(`${sample.imagePath}: ${error instanceof Error ? error.message : String(error)}`);
      }
      await open.maps?.put(place, map);
      this.#done++;
      this.#options.onProgress(this.#done, sample.className);
      if (open.scores.images === open.samples.length) await this.#finish(sample.className, open);
    }
  }

  async #classOf(className: string): Promise<OpenClass> {
    const found = this.#open.get(className);
    if (found) return found;
    const { pictures, scratch } = this.#options;
    const maps = pictures === undefined ? undefined : await MapFile.create(scratch, this.#model.imageSize ** 2);
    const made = { scores: new ClassScores(this.#data.domain), samples: this.#classes.get(className)!, maps };
    this.#open.set(className, made);
    return made;
  }

  /** Counts a class after its last picture, draws it, and drops its maps. */
  async #finish(className: string, { scores, samples, maps }: OpenClass): Promise<void> {
    this.#rows.push({ className, figures: scores.figures() });
    const { pictures, onProgress } = this.#options;
    if (maps && pictures !== undefined) {
      const first = this.#data.samples.indexOf(samples[0]!);
      const places = samples.map((_, i) => first + i);
      const drawn = { className, samples, places, range: scores.mapRange, maps };
      let n = 0;
      const onDrawn = (): void => onProgress(this.#done, `${className}: drawing ${++n}/${samples.length}`);
      const options = {
        folder: join(pictures, ...safeParts(className)),
        loader: this.#loader,
        size: this.#model.imageSize,
        onDrawn,
      };
      await drawClass(drawn, options).then((sheet) => this.#sheets.push(sheet), this.#options.onUndrawn);
    }
    await maps?.[Symbol.asyncDispose]();
    this.#open.delete(className);
  }
}
