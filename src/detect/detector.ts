/** The library's detector: pictures in, scores and maps out. */
import type { Gpu } from '../gpu/gpu.js';
import type { PictureRules } from '../picture/picture.js';
import type { AnomalyModel } from './anomaly_model.js';
import { chooseBatch } from './batch_size.js';
import { type Calibration, checkCalibration, openCalibration as readCalibration } from './calibration.js';
import type { Decision } from './decision.js';
import type { DecisionRules } from './decision_rules.js';
import { type DetectOptions, type LoadedClass, listOf, loadedClass, type PictureSources } from './detect_options.js';
import type { Detection } from './detection.js';
import { AaclipError, abortable, checkAborted, within } from './errors.js';
import { LaunchedBatch } from './launched_batch.js';
import type { ModelIdentity } from './model_identity.js';
import {
  type ClassInput,
  type DetectorOptions,
  type DetectorSettings,
  type OpenedModel,
  openModel,
} from './open_model.js';
import { OpenedBatches, openAhead, type Reading } from './opened_batches.js';
import { pictureScorer } from './picture_scorer.js';
import { uploadedReferences } from './reference_rows.js';
import { type FileSource, type LibraryHost, openTensorsOf, type PictureSource, readPicture } from './sources.js';
import { tilingOf } from './tiling.js';

export type { DetectOptions, LoadedClass, PictureSources } from './detect_options.js';

export class Detector implements Disposable {
  /** The level below, which works on tensors. */
  readonly model: AnomalyModel;
  readonly settings: DetectorSettings;
  /** What decides on pictures. */
  readonly decisions: DecisionRules;
  readonly #host: LibraryHost;
  readonly #batchSize: number | undefined;
  readonly #rules: PictureRules | undefined;
  readonly #ownGpu: Gpu | undefined;
  readonly #identity: OpenedModel['identity'];
  readonly #encode: OpenedModel['encode'];
  #classes: readonly LoadedClass[];
  /** Ends when the classes that are being added are there, or have failed. */
  #adding: Promise<void> = Promise.resolve();

  private constructor(host: LibraryHost, opened: OpenedModel, { batchSize, pictures }: DetectorOptions) {
    const { model, settings, classes, decisions, ownGpu, identity, encode } = opened;
    this.decisions = decisions;
    this.#host = host;
    this.#identity = identity;
    this.#encode = encode;
    this.#batchSize = batchSize;
    this.#rules = pictures;
    this.model = model;
    this.settings = settings;
    this.#classes = classes.map(loadedClass);
    this.#ownGpu = ownGpu;
  }

  /**
   * Loads weights and adapters, and the anchors of every class. The hosts' `loadDetector` calls it.
   * @throws AaclipError
   */
  static async load(host: LibraryHost, options: DetectorOptions): Promise<Detector> {
    const detector = new Detector(host, await openModel(host, options), options);
    try {
      for (const source of options.calibrations ?? []) await detector.openCalibration(source, options.signal);
      return detector;
    } catch (error) {
      detector[Symbol.dispose]();
      throw error;
    }
  }

  /** The classes that pictures may have. */
  get classes(): readonly LoadedClass[] {
    return this.#classes;
  }

  /**
   * Loads further classes without loading the image tower again. The text tower is loaded for their anchors and then released.
   * @param inputs with the settings that the detector was loaded with: its registry, its domain by default, its `onNote`
   * @throws AaclipError `class` when a name is blank, or is loaded already; `weights`; `aborted`. The detector is then as before
   */
  addClasses(inputs: readonly ClassInput[], signal?: AbortSignal): Promise<void> {
    const adding = this.#adding.then(() => this.#addClasses(inputs, signal));
    this.#adding = adding.catch(() => undefined);
    return adding;
  }

  async #addClasses(inputs: readonly ClassInput[], signal: AbortSignal | undefined): Promise<void> {
    checkAborted(signal);
    const names = inputs.map((input) => (typeof input === 'string' ? input : input.name));
    const loaded = names.find((name) => this.#classes.some((c) => c.name === name));
    if (loaded !== undefined) {
      throw new AaclipError('class', `classes: "${loaded}" is loaded already: add only names that are new`);
    }
    const classes = await this.#encode(inputs, signal);
    await within('weights', () => this.model.addClasses(classes, () => checkAborted(signal)));
    this.#classes = [...this.#classes, ...classes.map(loadedClass)];
  }

  /** What scores depend on: a calibration holds for a model of the same identity. Reads the trained tensors. */
  identity(): Promise<ModelIdentity> {
    return this.#identity();
  }

  /** The calibrations in use, by class. */
  get calibrations(): ReadonlyMap<string, Calibration> {
    return this.decisions.calibrations;
  }

  /** What decides on pictures of a class. @throws when it was not loaded */
  ruleFor(className: string): Pick<Decision, 'source' | 'rule'> {
    return this.decisions.ruleFor(className, this.model.domainOf(className));
  }

  /** Decides on pictures of a class without its calibration from now on. */
  dropCalibration(className: string): void {
    this.decisions.calibrations.delete(className);
    this.model.setReferences(className, undefined);
  }

  /**
   * Opens a calibration that `calibrate` made, and decides by it from now on.
   * @throws AaclipError `calibration` when it cannot be read, or is not of this model or its classes
   */
  async openCalibration(source: FileSource, signal?: AbortSignal): Promise<Calibration> {
    return within('calibration', async () => {
      const file = await openTensorsOf(this.#host, source, 'calibration', signal);
      const calibration = await readCalibration(file);
      await this.useCalibration(calibration, file.name);
      return calibration;
    });
  }

  /**
   * Decides on pictures of a calibration's class by it from now on.
   * @param name of it in messages
   * @throws AaclipError `calibration` when it was made with another model, or its class was not loaded with the same words
   */
  async useCalibration(calibration: Calibration, name = 'calibration'): Promise<void> {
    await within('calibration', async () => {
      const classes = this.classes.map(({ name: className, ...about }) => ({ className, ...about }));
      checkCalibration(calibration, classes, await this.#identity(), name);
      this.model.setReferences(calibration.className, uploadedReferences(this.model.gpu, calibration.references));
      this.decisions.calibrations.set(calibration.className, calibration);
    });
  }

  /** Side of the resized pictures or tiles and of their maps, in pixels. */
  get imageSize(): number {
    return this.model.imageSize;
  }

  /**
   * Scores pictures, in their order. The next batch is decoded while the device works on one, and given to the device
   * before the results of that one are yielded. Classes and domains may be mixed, also within a batch.
   *
   * @param pictures one, several, or a stream of them
   * @param classes the class of all pictures, or a class for each
   * @throws AaclipError (from the iteration): `class`, `options`, `picture` and `score` (see `onBroken`), `device`, `aborted`
   */
  async *detect(
    pictures: PictureSources,
    classes: string | Iterable<string>,
    options: DetectOptions = {},
  ): AsyncGenerator<Detection, void, undefined> {
    const { signal } = options;
    const batch = await within('options', () => chooseBatch(this.model, options.batchSize ?? this.#batchSize));
    const tiling = await within('options', () =>
      options.tile ? tilingOf(options.tile, this.imageSize) : this.settings.tile,
    );
    using scorer = pictureScorer(this.model, batch, tiling);
    const list = listOf(pictures);
    const total = Array.isArray(list) ? list.length : undefined;
    const named = this.#withClasses(list, classes, signal);
    const batches = new OpenedBatches(named, batch, scorer.batchBytes);
    let coming = openAhead(batches);
    let more = true;
    const launch = async (): Promise<LaunchedBatch> => {
      const opened = await abortable(coming.opened, signal);
      checkAborted(signal);
      const launched = new LaunchedBatch(this.model, scorer, opened, this.decisions, options.onBroken);
      more = batches.more && !launched.failure;
      return launched;
    };
    let done = 0;
    let since = 0;
    let running: LaunchedBatch | undefined;
    try {
      while (running || more) {
        options.onProgress?.(done, total);
        if (!running) {
          running = await launch();
          if (more) coming = openAhead(batches);
        }
        await running.finish(since, signal);
        since = performance.now();
        // The device goes on while the caller takes results. A batch that is not open yet is not waited for.
        const next = more && coming.ready() ? await launch() : undefined;
        yield* running.detections(signal);
        done += running.count;
        // Opened only now: two batches are in memory at a time, not three.
        if (next && more) coming = openAhead(batches);
        running = next;
      }
      options.onProgress?.(done, total);
    } finally {
      named.return(undefined).catch(() => undefined);
    }
  }

  /** Pictures with their classes, numbered; their files are read. */
  async *#withClasses(
    pictures: Iterable<PictureSource> | AsyncIterable<PictureSource>,
    classes: string | Iterable<string>,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<Reading, void, undefined> {
    const each = typeof classes === 'string' ? undefined : classes[Symbol.iterator]();
    let index = 0;
    for await (const source of pictures) {
      const next = each?.next();
      if (next?.done) throw new AaclipError('class', `detect: expected a class for every picture, got ${index}`);
      const className = next ? next.value : (classes as string);
      await within('class', () => this.model.domainOf(className));
      const file = readPicture(this.#host, source, `picture ${index + 1}`, { rules: this.#rules, signal });
      yield { className, index: index++, file };
    }
    if (each && !each.next().done) {
      throw new AaclipError('class', `detect: expected a class for each of ${index} pictures, got more`);
    }
  }

  /** Floating-point operations of one picture, matrix products and attention only. */
  get flopsPerPicture(): number {
    return this.model.flopsPerImage;
  }

  /** Releases the model, and closes the device where `loadDetector` opened it. */
  [Symbol.dispose](): void {
    this.model[Symbol.dispose]();
    this.#ownGpu?.[Symbol.dispose]();
  }
}
