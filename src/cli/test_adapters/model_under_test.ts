/** The loaded model that `test` and `test-all` try checkpoints with, data set by data set. */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { AnomalyModel } from '../../detect/anomaly_model.js';
import type { ClassTokens } from '../../detect/class_tokens.js';
import { tilingOf } from '../../detect/tiling.js';
import { CONFIDENCE } from '../../eval/intervals.js';
import type { ClipTensors } from '../../io/clip_names.js';
import { anchorStore } from '../../node/anchor_folder.js';
import { lineOf } from '../endings.js';
import { checkLists, rulesOf } from '../look_options.js';
import { tileOf } from '../model_options.js';
import { openDevice } from '../options.js';
import { type Progress, progress } from '../progress.js';
import { queueOf, workersNote } from '../queue/queue_flags.js';
import type { RunProgress } from '../queue/run_tasks.js';
import { type Failure, type RunResult, testData } from './data_run.js';
import type { TestFlags } from './flags.js';
import type { TestSettings } from './output.js';
import { DeviceScores, type ScoreSource } from './score_source.js';
import type { ImageCheckpoint, TestedAdapters } from './tested_adapters.js';
import type { TestedData } from './tested_data.js';

/** The folder that results go to where no other is named: the adapters'. */
const folderOf = (path: string): string => (statSync(path, { throwIfNoEntry: false })?.isFile() ? dirname(path) : path);

/** Each setting from its flag, else as the training recorded it, else the published default. */
export function settingsOf(flags: TestFlags, { use, method: { maskResize } }: TestedAdapters): TestSettings {
  const tile = tileOf(flags);
  return {
    weights: flags.weights,
    savePath: flags.save_path,
    resultsDir: flags.results_dir ?? folderOf(flags.save_path),
    plain: flags.plain ?? null,
    ...use,
    precision: flags.precision,
    pictures: { ...rulesOf(flags), ...(maskResize === undefined ? {} : { maskResize }) },
    tile: tile && tilingOf(tile, use.imageSize),
    ...(flags.intervals === undefined
      ? {}
      : { intervals: { resamples: flags.intervals, seed: flags.seed, confidence: CONFIDENCE } }),
    ...(flags.defects ? { defects: true } : {}),
  };
}

/**
 * The data sets without what cannot be used, as far as `--skip-broken` allows that.
 * @param named whether notes name the list even where it is the only one
 * @throws one line when samples cannot be used
 */
export async function lookedAt(
  sets: readonly TestedData[],
  flags: TestFlags,
  { imageSize, tile }: Pick<TestSettings, 'imageSize' | 'tile'>,
  named = false,
): Promise<TestedData[]> {
  const json = flags.json ?? false;
  const needs = { maskSize: imageSize, tileSize: tile?.size, masks: false, threads: flags.threads, json, named };
  const checked = await checkLists(sets, flags, needs);
  return sets
    .map((set, i) => ({ ...set, samples: checked[i]!.samples, bytes: checked[i]!.bytes }))
    .filter(({ samples }) => samples.length > 0);
}

/** The error that cost a data set some classes, with their names. */
export function incomplete(dataset: string, { error, missing }: Failure): Error {
  const shown = missing.slice(0, 10).join(', ') + (missing.length > 10 ? ` and ${missing.length - 10} more` : '');
  return new Error(`${error.message} (${dataset}: no figures for ${shown}; the other classes are kept)`, {
    cause: error,
  });
}

/** Bytes of `--memory` that sorting, decoding and the program itself take. */
const WORKING_MEMORY = 3 * 2 ** 27;

/** What is loaded, and how much will be tested with it. */
export interface ModelParts {
  readonly clip: ClipTensors;
  readonly tested: TestedAdapters;
  readonly classes: readonly ClassTokens[];
  /** What will be tested, in this order. */
  readonly runs: readonly PlannedRun[];
}

/** A data set that is to be tested with a checkpoint. */
export interface PlannedRun {
  readonly set: TestedData;
  readonly checkpoint: ImageCheckpoint;
}

export interface TestPlaces {
  /** Folder for what a test keeps outside memory while it runs. */
  readonly scratch: string;
  /** Folder for drawn pictures; undefined draws nothing. */
  readonly pictures: string | undefined;
}

/** Loads the model on this machine's device. */
async function deviceScores(flags: TestFlags, settings: TestSettings, parts: ModelParts): Promise<DeviceScores> {
  const { clip, tested, classes } = parts;
  const gpu = await openDevice(flags);
  const [first] = tested.images;
  const loading = progress('weights', 1, flags.json ?? false);
  try {
    const model = await AnomalyModel.load(gpu, {
      clip,
      adapters: first!.adapters,
      classes,
      imageSize: settings.imageSize,
      textMix: settings.textMix,
      imageMix: settings.imageMix,
      activation: settings.activation,
      levels: settings.levels,
      precision: settings.precision,
      anchors: flags.cache ? anchorStore() : undefined,
      onProgress: (share) => loading.update(share),
    });
    loading.finish();
    return new DeviceScores(model, first!, { batch: flags.batch_size, tile: settings.tile });
  } catch (error) {
    gpu[Symbol.dispose]();
    throw error;
  }
}

export class ModelUnderTest implements AsyncDisposable {
  readonly #source: ScoreSource;
  readonly #flags: TestFlags;
  readonly #settings: TestSettings;
  readonly #bar: Progress;
  readonly #started = performance.now();
  #checkpoint: ImageCheckpoint;
  #done = 0;
  /** Pictures that workers have done, counted here or not yet. */
  #computed = 0;

  private constructor(
    flags: TestFlags,
    settings: TestSettings,
    { tested }: ModelParts,
    source: ScoreSource,
    bar: Progress,
  ) {
    this.#source = source;
    this.#flags = flags;
    this.#settings = settings;
    this.#bar = bar;
    this.#checkpoint = tested.images[0]!;
  }

  /** Opens the device and loads the model, or connects to the workers of `--queue`. @throws one line when that fails */
  static async open(flags: TestFlags, settings: TestSettings, parts: ModelParts): Promise<ModelUnderTest> {
    const queued = queueOf(flags);
    const pictures = parts.runs.reduce((sum, { set }) => sum + set.samples.length, 0);
    if (!queued) {
      const source = await deviceScores(flags, settings, parts);
      return new ModelUnderTest(flags, settings, parts, source, progress('test', pictures, flags.json ?? false));
    }
    const { openQueuedScores } = await import('./queued_scores.js');
    let opened: ModelUnderTest | undefined;
    const onProgress = (told: RunProgress): void => {
      if (opened) opened.#tellQueue(told);
    };
    const source = await openQueuedScores(queued, flags, settings, { ...parts, onProgress });
    const bar = progress('test', pictures, flags.json ?? false);
    opened = new ModelUnderTest(flags, settings, parts, source, bar);
    return opened;
  }

  /** Name of the adapter that computes; of all of them so far, where there are several. */
  get adapter(): string {
    return this.#source.adapter;
  }

  /** Pictures tested so far. */
  get pictures(): number {
    return this.#done;
  }

  /** Seconds since the model was loaded. */
  get seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }

  #tellQueue({ done, workers }: RunProgress): void {
    this.#computed = done;
    const rate = `${(done / this.seconds).toFixed(2)} images/s`;
    this.#bar.update(done, [rate, workersNote(workers) ?? []].flat().join(', '));
  }

  /** Takes the adapters of a checkpoint for what is run from now on. @throws one line when the checkpoint is damaged */
  async take(checkpoint: ImageCheckpoint): Promise<void> {
    await this.#source.take(checkpoint);
    this.#checkpoint = checkpoint;
  }

  /** The figures of a data set with the adapters of the checkpoint that was taken last; with those of the first before that. */
  async run(set: TestedData, { scratch, pictures }: TestPlaces): Promise<RunResult> {
    const { epoch } = this.#checkpoint;
    const { threads, memory, intervals, seed, defects = false } = this.#flags;
    const title = typeof epoch === 'number' ? `epoch ${epoch}, ${set.name}` : set.name;
    const { tile, pictures: rules } = this.#settings;
    const result = await testData(this.#source, set, {
      tile,
      threads,
      rules,
      scratch,
      scoreBytes: Math.max(memory * 2 ** 30 - WORKING_MEMORY, 2 ** 24),
      onUndrawn: (error) => {
        this.#bar.say(`not drawn: ${lineOf(error)}`);
        process.exitCode = 1;
      },
      pictures,
      further: { intervals: intervals === undefined ? undefined : { resamples: intervals, seed }, defects },
      onProgress: (done, note) => {
        const all = Math.max(this.#done + done, this.#computed);
        const rate = all / this.seconds;
        this.#bar.update(all, `${title} ${note}, ${rate.toFixed(2)} images/s`);
      },
    });
    this.#done += set.samples.length;
    this.#bar.finish();
    return result;
  }

  /** Tidies up after all runs have ended well. */
  async end(): Promise<void> {
    await this.#source.end?.();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#source[Symbol.asyncDispose]();
  }
}
