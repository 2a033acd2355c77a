/** The model for inference on the device: prepared pictures and classes in, maps and scores out, all as tensors. */
import type { Domain } from '../data/datasets.js';
import type { Gpu } from '../gpu/gpu.js';
import type { AdapterTensors } from '../io/adapter_names.js';
import type { ClipTensors } from '../io/clip_names.js';
import type { Activation } from '../kernels/epilogue.js';
import { adaptedProjections, type ImageAdapters, type Loaded, loadImageAdapters } from '../model/adapters.js';
import { type Anomaly, anomalyMap, detectionScore, patchScores, plainProjections } from '../model/anomaly.js';
import { type ClipConfig, inferConfig } from '../model/config.js';
import { loadVision, type VisionTower } from '../model/vision.js';
import type { Precision } from '../model/weights.js';
import { concat } from '../ops/concat.js';
import { gather } from '../ops/gather.js';
import { reshape } from '../ops/reshape.js';
import { empty, type Tensor, tidy } from '../tensor/tensor.js';
import type { AnchorStore } from './anchor_cache.js';
import { chooseBatch } from './batch_size.js';
import { classAnchors } from './class_anchors.js';
import type { ClassTokens } from './class_tokens.js';

/** The side that pictures are resized to, as published, where neither the user nor a checkpoint gives one. */
export const DEFAULT_IMAGE_SIZE = 518;

export interface AnomalyModelOptions {
  readonly clip: ClipTensors;
  /** A tower without adapters is plain CLIP's. */
  readonly adapters?:
    | { readonly text?: AdapterTensors | undefined; readonly image?: AdapterTensors | undefined }
    | undefined;
  /** Share of the adapters in their mixes; 0.1, as published, by default. */
  readonly textMix?: number | undefined;
  readonly imageMix?: number | undefined;
  readonly classes: readonly ClassTokens[];
  readonly imageSize?: number | undefined;
  readonly activation?: Activation | undefined;
  readonly precision?: Precision | undefined;
  /** Where anchors are kept for the next start; by default nowhere. */
  readonly anchors?: AnchorStore | undefined;
  /** Share of weights read so far, 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

export class AnomalyModel implements Disposable {
  readonly config: ClipConfig;
  readonly imageSize: number;
  readonly #gpu: Gpu;
  readonly #tower: VisionTower;
  readonly #precision: Precision;
  readonly #mix: number | undefined;
  #adapters: Loaded<ImageAdapters> | undefined;
  readonly #anchors: ReadonlyMap<string, Tensor>;
  readonly #domains: ReadonlyMap<string, Domain>;

  private constructor(
    gpu: Gpu,
    tower: VisionTower,
    anchors: ReadonlyMap<string, Tensor>,
    options: AnomalyModelOptions,
  ) {
    this.config = tower.config;
    this.imageSize = tower.imageSize;
    this.#gpu = gpu;
    this.#tower = tower;
    this.#precision = options.precision ?? 'f32';
    this.#mix = options.imageMix;
    this.#anchors = anchors;
    this.#domains = new Map(options.classes.map((c) => [c.name, c.domain]));
  }

  /** Loads the text tower, makes every class's anchors, releases the tower, and loads the image tower. */
  static async load(gpu: Gpu, options: AnomalyModelOptions): Promise<AnomalyModel> {
    const { clip, adapters, activation = 'gelu', precision = 'f32' } = options;
    const config = inferConfig(clip);
    const bytesOf = (names: readonly string[]): number =>
      names.reduce((sum, n) => sum + 4 * clip.shape(n).reduce((a, b) => a * b, 1), 0);
    const total = bytesOf(clip.names);
    let before = 0;
    const load = {
      activation,
      precision,
      onProgress: (bytes: number) => {
        options.onProgress?.(Math.min(1, (before + bytes) / total));
      },
    };
    const anchors = await classAnchors(gpu, config, options, load);
    let model: AnomalyModel | undefined;
    try {
      gpu.trim();
      // Read, or not needed: their anchors were kept.
      before = bytesOf(clip.names.filter((n) => !n.startsWith('visual.')));
      const tower = await loadVision(gpu, clip, config, options.imageSize ?? DEFAULT_IMAGE_SIZE, load);
      model = new AnomalyModel(gpu, tower, anchors, options);
      await model.loadAdapters(adapters?.image);
      await model.#compile();
      return model;
    } catch (error) {
      if (model) model[Symbol.dispose]();
      else for (const t of anchors.values()) t.release();
      throw error;
    }
  }

  /**
   * Replaces the image adapters, so that several checkpoints can be tried without loading a tower again.
   * @param image adapters of a checkpoint; undefined for the plain tower
   * @throws when the checkpoint holds no image adapters; the old ones then stay in use
   */
  async loadAdapters(image: AdapterTensors | undefined): Promise<void> {
    const next = image ? await loadImageAdapters(this.#gpu, image, { precision: this.#precision }) : undefined;
    this.#adapters?.[Symbol.dispose]();
    this.#adapters = next;
  }

  /** Compiles, side by side, the kernels that one picture needs and those of a full batch, whose tiles may be larger. */
  async #compile(): Promise<void> {
    const [name] = this.#anchors.keys();
    if (name === undefined) return;
    const s = this.imageSize;
    await this.#gpu.compileAhead(() => {
      for (const b of new Set([1, chooseBatch(this, undefined)])) {
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

  /** The device it was loaded on. */
  get gpu(): Gpu {
    return this.#gpu;
  }

  /**
   * Maps and scores of a batch. Every map is smoothed as its class's domain requires.
   * @param images [B, 3, S, S], normalised
   * @param classes the class of all pictures, or a class for each
   * @throws when a class was not loaded, or the numbers of classes and pictures differ
   */
  run(images: Tensor, classes: string | readonly string[]): Anomaly {
    const names = typeof classes === 'string' ? [classes] : classes;
    if (names.length !== images.dim(0) && typeof classes !== 'string') {
      throw new Error(`detector: expected a class for each of ${images.dim(0)} pictures, got ${names.length}`);
    }
    const one = names.every((n) => n === names[0]);
    const domains = names.map((n) => this.domainOf(n));
    const anchors = (one ? names.slice(0, 1) : names).map((n) => this.#anchors.get(n)!);
    return tidy(() => {
      const { seg, det } = this.#adapters
        ? adaptedProjections(images, this.#tower, this.#adapters.weights, { mix: this.#mix })
        : plainProjections(images, this.#tower);
      const columns = anchors.length === 1 ? anchors[0]! : concat(anchors, 0); // [1 or B, E, 2]
      return { map: this.#map(patchScores(seg, columns), domains), score: detectionScore(det, columns) };
    });
  }

  /** Maps of a batch [B, S, S]: the tower runs once, and each picture's map is the one made for its own domain. */
  #map(scores: Tensor, domains: readonly Domain[]): Tensor {
    const size = this.imageSize;
    const kinds = [...new Set(domains)];
    const maps = kinds.map((domain) => anomalyMap(scores, size, domain)); // [B, S, S] for each domain
    if (maps.length === 1) return maps[0]!;
    const count = domains.length;
    const rows = reshape(concat(maps, 0), [kinds.length * count, size * size]);
    const own = Uint32Array.from(domains, (domain, i) => kinds.indexOf(domain) * count + i);
    return reshape(gather(rows, own), [count, size, size]);
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
    this.#adapters?.[Symbol.dispose]();
    for (const t of this.#anchors.values()) t.release();
  }
}

/** Operations of the adapted image tower for one picture (two for each multiply-add), by its sizes alone. */
export function imageFlops(c: ClipConfig, imageSize: number, adapters: number): number {
  const patches = Math.floor(imageSize / c.patch) ** 2;
  const t = patches + 1;
  const w = c.visionWidth;
  const perBlock = 2 * t * 12 * w * w + 4 * t * t * w;
  const projections = 2 * patches * w * c.embed * (c.levels.length + 1);
  return c.visionLayers * perBlock + adapters * 2 * t * w * w + projections + 2 * patches * w * 3 * c.patch ** 2;
}
