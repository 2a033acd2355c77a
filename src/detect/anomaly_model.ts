/** The model for inference on the device: prepared pictures and classes in, maps and scores out, all as tensors. */
import type { Domain } from '../data/datasets.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Anomaly } from '../model/anomaly.js';
import { type ClipConfig, inferConfig } from '../model/config.js';
import { methodOf } from '../model/methods/all_methods.js';
import type { ImagePart, Method, Scoring } from '../model/methods/method.js';
import { loadVision, type VisionTower } from '../model/vision.js';
import { concat } from '../ops/concat.js';
import { empty, type Tensor, tidy } from '../tensor/tensor.js';
import type { AnomalyModelOptions, ModelAdapters } from './anomaly_model_options.js';
import { chooseBatch } from './batch_size.js';
import { type AnchorOptions, classAnchors, releaseAnchors } from './class_anchors.js';
import type { ClassTokens } from './class_tokens.js';
import { BatchDistances, type References } from './references.js';
import { towerUse } from './tower_use.js';

/** The side that pictures are resized to, as published, where neither the user nor a checkpoint gives one. */
export const DEFAULT_IMAGE_SIZE = 518;

export type { AnomalyModelOptions, ModelAdapters } from './anomaly_model_options.js';

export interface ModelScores extends Anomaly {
  /**
   * Distances of the patches to the references of each picture's class, summed over the levels and resized, [B, S, S]; undefined
   * where no class has references.
   */
  readonly distances: Tensor | undefined;
}

export class AnomalyModel implements Disposable {
  readonly config: ClipConfig;
  readonly imageSize: number;
  readonly #gpu: Gpu;
  readonly #tower: VisionTower;
  #options: AnomalyModelOptions;
  #method: Method;
  /** What the anchors were made by: `loadAdapters(undefined)` keeps them. */
  #anchorsBy: Pick<AnchorOptions, 'method' | 'adapters'>;
  #image: ImagePart | undefined;
  #anchors: Map<string, Tensor>;
  readonly #domains: Map<string, Domain>;
  readonly #references = new Map<string, References>();
  #watch: ((tokens: Tensor, level: number) => void) | undefined;

  private constructor(gpu: Gpu, tower: VisionTower, anchors: Map<string, Tensor>, options: AnomalyModelOptions) {
    this.config = tower.config;
    this.imageSize = tower.imageSize;
    this.#gpu = gpu;
    this.#tower = tower;
    this.#options = options;
    this.#method = methodOf(options.adapters ?? {});
    this.#anchorsBy = { method: this.#method, adapters: options.adapters };
    this.#anchors = anchors;
    this.#domains = new Map(options.classes.map((c) => [c.name, c.domain]));
  }

  /** Loads the text tower, makes every class's anchors, releases the tower, and loads the image tower. */
  static async load(gpu: Gpu, options: AnomalyModelOptions): Promise<AnomalyModel> {
    const { clip, adapters, precision = 'f32', imageSize = DEFAULT_IMAGE_SIZE } = options;
    const method = methodOf(adapters ?? {});
    const { levels, ...use } = towerUse(method, inferConfig(clip), imageSize, options);
    const config = { ...inferConfig(clip), levels };
    const bytesOf = (names: readonly string[]): number =>
      names.reduce((sum, n) => sum + 4 * clip.shape(n).reduce((a, b) => a * b, 1), 0);
    const total = bytesOf(clip.names);
    let before = 0;
    const load = {
      ...use,
      precision,
      onProgress: (bytes: number) => {
        options.onProgress?.(Math.min(1, (before + bytes) / total));
      },
    };
    const anchors = await classAnchors(gpu, { ...options, method, config, load });
    let model: AnomalyModel | undefined;
    try {
      gpu.trim();
      // Read, or not needed: their anchors were kept.
      before = bytesOf(clip.names.filter((n) => !n.startsWith('visual.')));
      const tower = await loadVision(gpu, clip, config, imageSize, load);
      model = new AnomalyModel(gpu, tower, anchors, options);
      await model.loadAdapters(adapters);
      await model.#compile();
      return model;
    } catch (error) {
      if (model) model[Symbol.dispose]();
      else releaseAnchors(anchors);
      throw error;
    }
  }

  /**
   * Replaces the trained tensors, so that several checkpoints can be tried without loading the image tower again. Anchors are
   * made again where their tensors are others.
   * @param adapters of a checkpoint; undefined for the plain tower with the anchors there are
   * @throws when the checkpoint lacks tensors, or its method uses the tower in another way; the old ones then stay in use
   */
  async loadAdapters(adapters: ModelAdapters | undefined): Promise<void> {
    const { precision = 'f32', textMix, imageMix } = this.#options;
    const method = methodOf(adapters ?? {});
    if (method.towerDefaults !== this.#method.towerDefaults) {
      throw new Error(`adapters: expected those of ${this.#method.title}, got ${method.title}: load another model`);
    }
    const image = await method.loadImage(this.#gpu, adapters?.image, { precision, textMix, imageMix });
    try {
      if (adapters && adapters.text !== this.#anchorsBy.adapters?.text) {
        const anchors = await this.#makeAnchors(this.#options.classes, { adapters, method });
        releaseAnchors(this.#anchors);
        this.#anchors = anchors;
        this.#anchorsBy = { adapters, method };
      }
    } catch (error) {
      image[Symbol.dispose]();
      throw error;
    }
    this.#image?.[Symbol.dispose]();
    this.#image = image;
    this.#method = method;
  }

  /**
   * Makes the anchors of further classes: loads the text tower where they are not kept, and releases it.
   * @param classes whose names are not loaded yet
   * @param onProgress called while weights are read; what it throws ends the loading
   * @throws when the text tower cannot be read; the classes are then as before
   */
  async addClasses(classes: readonly ClassTokens[], onProgress?: () => void): Promise<void> {
    const anchors = await this.#makeAnchors(classes, this.#anchorsBy, onProgress);
    this.#gpu.trim();
    for (const [name, columns] of anchors) this.#anchors.set(name, columns);
    for (const { name, domain } of classes) this.#domains.set(name, domain);
    this.#options = { ...this.#options, classes: [...this.#options.classes, ...classes] };
  }

  #makeAnchors(
    classes: readonly ClassTokens[],
    by: Pick<AnchorOptions, 'method' | 'adapters'>,
    onProgress?: () => void,
  ): Promise<Map<string, Tensor>> {
    const load = { activation: this.#tower.activation, precision: this.#options.precision, onProgress };
    return classAnchors(this.#gpu, { ...this.#options, ...by, classes, config: this.config, load });
  }

  /** Compiles, side by side, the kernels that one picture needs and those of a full batch, whose tiles may be larger. */
  async #compile(): Promise<void> {
    const [name] = this.#anchors.keys();
    if (name === undefined) return;
    const s = this.imageSize;
    await this.#gpu.compileAhead(() => {
      for (const b of new Set([1, chooseBatch(this, this.#options.batchSize)])) {
        tidy(() => void this.run(empty(this.#gpu, [b, 3, s, s]), name));
      }
    });
    // The dry runs' buffers may differ in size from those of later batches.
    this.#gpu.trim();
  }

  /** Number of maps that are summed. */
  get levels(): number {
    return this.config.levels.length;
  }

  /** How its numbers become scores of pictures and maps from 0 to 1. */
  get scoring(): Scoring {
    return this.#method.scoring;
  }

  /** The device it was loaded on. */
  get gpu(): Gpu {
    return this.#gpu;
  }

  /**
   * Maps and scores of a batch. Every map is smoothed as its class's domain requires.
   * @param images [B, 3, S, S], normalised
   * @param classes the class of all pictures, or a class for each
   * @param apart whether the map of each level is wanted too
   * @throws when a class was not loaded, or the numbers of classes and pictures differ
   */
  run(images: Tensor, classes: string | readonly string[], apart = false): ModelScores {
    const b = images.dim(0);
    const names = typeof classes === 'string' ? Array.from({ length: b }, () => classes) : classes;
    if (names.length !== b)
      throw new Error(`detector: expected a class for each of ${b} pictures, got ${names.length}`);
    const domains = names.map((n) => this.domainOf(n));
    const anchors = names.map((n) => this.#anchors.get(n)!);
    const one = anchors.every((a) => a === anchors[0]);
    using distances = new BatchDistances(names.map((n) => this.#references.get(n)));
    const atLevel = (tokens: Tensor, level: number): undefined => {
      this.#watch?.(tokens, level);
      distances.add(tokens, level);
    };
    return tidy(() => {
      const columns = one ? anchors[0]! : concat(anchors, 0); // [1 or B, E, 2]
      const found = this.#image!.anomaly(images, this.#tower, columns, domains, { atLevel, apart });
      return { ...found, distances: distances.map(this.#gpu, this.imageSize) };
    });
  }

  /** Compares pictures of a class with references, which are the model's from now on; undefined ends it. */
  setReferences(name: string, references: References | undefined): void {
    this.#references.get(name)?.[Symbol.dispose]();
    if (references) this.#references.set(name, references);
    else this.#references.delete(name);
  }

  hasReferences(name: string): boolean {
    return this.#references.has(name);
  }

  /** Shows the tokens [B, 1 + G G, W] of every level of every batch to `watch`; undefined ends it. */
  watchLevels(watch: ((tokens: Tensor, level: number) => void) | undefined): void {
    this.#watch = watch;
  }

  /** The domain of a class. @throws when it was not loaded */
  domainOf(name: string): Domain {
    const domain = this.#domains.get(name);
    if (domain) return domain;
    throw new Error(
      `detector: class "${name}" was not loaded: expected one of ${[...this.#anchors.keys()].join(', ')}`,
    );
  }

  /** Floating-point operations of one image, as its kernels declare them: mostly matrix products and attention. */
  get flopsPerImage(): number {
    const [name] = this.#anchors.keys();
    if (name === undefined) return 0;
    const s = this.imageSize;
    return this.#gpu.dryRun(() => tidy(() => void this.run(empty(this.#gpu, [1, 3, s, s]), name))).flops;
  }

  [Symbol.dispose](): void {
    this.#tower[Symbol.dispose]();
    this.#image?.[Symbol.dispose]();
    for (const references of this.#references.values()) references[Symbol.dispose]();
    releaseAnchors(this.#anchors);
  }
}
