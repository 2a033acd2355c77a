/** The whole program for inference: weights and class names in, maps and scores out. */
import type { Domain } from '../data/datasets.js';
import type { Gpu } from '../gpu/gpu.js';
import type { AdapterTensors } from '../io/adapter_names.js';
import type { ClipTensors } from '../io/clip_names.js';
import type { Activation } from '../kernels/epilogue.js';
import {
  adaptedImage,
  type ImageAdapters,
  type Loaded,
  loadImageAdapters,
  loadTextAdapters,
} from '../model/adapters.js';
import { type Anomaly, anomaly, plainImage, textAnchors } from '../model/anomaly.js';
import { type ClipConfig, inferConfig } from '../model/config.js';
import { encodeText, loadText } from '../model/text.js';
import { loadVision, type VisionTower } from '../model/vision.js';
import type { Precision } from '../model/weights.js';
import { concat } from '../ops/concat.js';
import { persist, type Tensor, tidy } from '../tensor/tensor.js';

/** Token ids of a class's prompts, [prompts, context] each. */
export interface ClassTokens {
  readonly name: string;
  readonly domain: Domain;
  readonly normal: Uint32Array;
  readonly abnormal: Uint32Array;
}

export interface DetectorOptions {
  readonly clip: ClipTensors;
  /** The adapters; where one is missing its tower is that of plain CLIP. */
  readonly adapters?:
    | { readonly text?: AdapterTensors | undefined; readonly image?: AdapterTensors | undefined }
    | undefined;
  /** Shares of the adapters in their mixes; 0.1 as published by default. */
  readonly textMix?: number | undefined;
  readonly imageMix?: number | undefined;
  readonly classes: readonly ClassTokens[];
  readonly imageSize?: number | undefined;
  readonly activation?: Activation | undefined;
  readonly precision?: Precision | undefined;
  /** Share of weights read so far, 0 to 1. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

export class Detector implements Disposable {
  readonly config: ClipConfig;
  readonly imageSize: number;
  readonly #gpu: Gpu;
  readonly #tower: VisionTower;
  readonly #precision: Precision;
  readonly #mix: number | undefined;
  #adapters: Loaded<ImageAdapters> | undefined;
  readonly #anchors: ReadonlyMap<string, Tensor>;
  readonly #domains: ReadonlyMap<string, Domain>;

  private constructor(gpu: Gpu, tower: VisionTower, anchors: ReadonlyMap<string, Tensor>, options: DetectorOptions) {
    this.config = tower.config;
    this.imageSize = tower.imageSize;
    this.#gpu = gpu;
    this.#tower = tower;
    this.#precision = options.precision ?? 'f32';
    this.#mix = options.imageMix;
    this.#anchors = anchors;
    this.#domains = new Map(options.classes.map((c) => [c.name, c.domain]));
  }

  /** Loads the text tower, makes every class's anchors, lets it go, and loads the image tower. */
  static async load(gpu: Gpu, options: DetectorOptions): Promise<Detector> {
    const { clip, classes, adapters, activation = 'gelu', precision = 'f32' } = options;
    const config = inferConfig(clip);
    const total = clip.names.reduce((sum, n) => sum + 4 * clip.shape(n).reduce((a, b) => a * b, 1), 0);
    let before = 0;
    let latest = 0;
    const load = {
      activation,
      precision,
      onProgress: (bytes: number) => {
        latest = before + bytes;
        options.onProgress?.(Math.min(1, latest / total));
      },
    };
    const anchors = new Map<string, Tensor>();
    {
      using tower = await loadText(gpu, clip, config, load);
      using own = adapters?.text ? await loadTextAdapters(gpu, adapters.text, { precision }) : undefined;
      for (const c of classes)
        anchors.set(
          c.name,
          classAnchors(c, (ids) => encodeText(ids, tower, own?.weights, options.textMix), config),
        );
    }
    await gpu.idle();
    gpu.trim();
    before = latest;
    const tower = await loadVision(gpu, clip, config, options.imageSize ?? 518, load);
    const detector = new Detector(gpu, tower, anchors, options);
    await detector.loadAdapters(adapters?.image);
    return detector;
  }

  /**
   * Puts other image adapters in the place of those there are: several checkpoints are tried without loading a tower again.
   * @param image those of a checkpoint; undefined for the plain tower
   * @throws when there is none in it; the old ones stay then
   */
  async loadAdapters(image: AdapterTensors | undefined): Promise<void> {
    const next = image ? await loadImageAdapters(this.#gpu, image, { precision: this.#precision }) : undefined;
    this.#adapters?.[Symbol.dispose]();
    this.#adapters = next;
  }

  /** Number of maps that are summed. */
  get levels(): number {
    return this.config.levels.length;
  }

  /**
   * Maps and scores of a batch.
   * @param images [B, 3, S, S], normalised
   * @param classes the class of all pictures, or one a picture; those of one batch share their domain
   * @throws when a class was not loaded, there are not as many as pictures, or domains differ
   */
  run(images: Tensor, classes: string | readonly string[]): Anomaly {
    const names = typeof classes === 'string' ? [classes] : classes;
    const one = names.every((n) => n === names[0]);
    if (names.length !== images.dim(0) && typeof classes !== 'string') {
      throw new Error(`detector: expected a class for each of ${images.dim(0)} pictures, got ${names.length}`);
    }
    const anchors = (one ? names.slice(0, 1) : names).map((n) => this.#anchorsOf(n));
    const domains = new Set(names.map((n) => this.#domains.get(n) ?? 'Industrial'));
    if (domains.size > 1) throw new Error('detector: a batch of Industrial and Medical classes: run them apart');
    const [domain = 'Industrial'] = domains;
    return tidy(() => {
      const tokens = this.#adapters
        ? adaptedImage(images, this.#tower, this.#adapters.weights, this.#mix)
        : plainImage(images, this.#tower);
      return anomaly(tokens, anchors.length === 1 ? anchors[0]! : concat(anchors, 0), this.imageSize, domain);
    });
  }

  #anchorsOf(name: string): Tensor {
    const anchors = this.#anchors.get(name);
    if (anchors) return anchors;
    throw new Error(
      `detector: class "${name}" was not loaded: expected one of ${[...this.#anchors.keys()].join(', ')}`,
    );
  }

  /** Floating-point operations of one image, matrix products and attention only. */
  get flopsPerImage(): number {
    return imageFlops(this.config, this.imageSize, this.#adapters?.weights.blocks.length ?? 0);
  }

  [Symbol.dispose](): void {
    this.#tower[Symbol.dispose]();
    this.#adapters?.[Symbol.dispose]();
    for (const t of this.#anchors.values()) t.release();
  }
}

function classAnchors(c: ClassTokens, encode: (ids: Uint32Array) => Tensor, config: ClipConfig): Tensor {
  const ids = new Uint32Array(c.normal.length + c.abnormal.length);
  ids.set(c.normal);
  ids.set(c.abnormal, c.normal.length);
  const counts = [[c.normal.length / config.context, c.abnormal.length / config.context]] as const;
  return persist(tidy(() => textAnchors(encode(ids), counts)));
}

/** Operations of the image tower for one picture (two a multiply-add). */
export function imageFlops(c: ClipConfig, imageSize: number, adapters: number): number {
  const patches = Math.floor(imageSize / c.patch) ** 2;
  const t = patches + 1;
  const w = c.visionWidth;
  const perBlock = 2 * t * 12 * w * w + 4 * t * t * w;
  const projections = 2 * patches * w * c.embed * (c.levels.length + 1);
  return c.visionLayers * perBlock + adapters * 2 * t * w * w + projections + 2 * patches * w * 3 * c.patch ** 2;
}
