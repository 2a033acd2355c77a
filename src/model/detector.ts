/** The whole program for inference: weights and class names in, maps and scores out. */
import type { Gpu } from '../gpu/gpu.js';
import type { AdapterTensors } from '../io/adapter_names.js';
import type { ClipTensors } from '../io/clip_names.js';
import type { Activation } from '../ops/activation.js';
import type { Domain } from '../ops/score_map.js';
import { persist, type Tensor, tidy } from '../tensor/tensor.js';
import { adaptedImage, type ImageAdapters, type Loaded, loadImageAdapters, loadTextAdapters } from './adapters.js';
import { type Anomaly, anomaly, plainImage, textAnchors } from './anomaly.js';
import { type ClipConfig, inferConfig } from './config.js';
import { encodeText, loadText } from './text.js';
import { loadVision, type VisionTower } from './vision.js';
import type { Precision } from './weights.js';

/** Token ids of a class's prompts, [prompts, context] each. */
export interface ClassTokens {
  readonly name: string;
  readonly domain: Domain;
  readonly normal: Uint32Array;
  readonly abnormal: Uint32Array;
}

export interface DetectorOptions {
  readonly clip: ClipTensors;
  /** Both adapters; without them the model is plain CLIP. */
  readonly adapters?: { readonly text: AdapterTensors; readonly image: AdapterTensors } | undefined;
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
  readonly #tower: VisionTower;
  readonly #adapters: Loaded<ImageAdapters> | undefined;
  readonly #anchors: ReadonlyMap<string, Tensor>;
  readonly #domains: ReadonlyMap<string, Domain>;

  private constructor(
    tower: VisionTower,
    adapters: Loaded<ImageAdapters> | undefined,
    anchors: ReadonlyMap<string, Tensor>,
    domains: ReadonlyMap<string, Domain>,
  ) {
    this.config = tower.config;
    this.imageSize = tower.imageSize;
    this.#tower = tower;
    this.#adapters = adapters;
    this.#anchors = anchors;
    this.#domains = domains;
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
      using own = adapters ? await loadTextAdapters(gpu, adapters.text, { precision }) : undefined;
      for (const c of classes)
        anchors.set(
          c.name,
          classAnchors(c, (ids) => encodeText(ids, tower, own?.weights), config),
        );
    }
    await gpu.idle();
    gpu.trim();
    before = latest;
    const tower = await loadVision(gpu, clip, config, options.imageSize ?? 518, load);
    const own = adapters ? await loadImageAdapters(gpu, adapters.image, { precision }) : undefined;
    return new Detector(tower, own, anchors, new Map(classes.map((c) => [c.name, c.domain])));
  }

  /** Number of maps that are summed. */
  get levels(): number {
    return this.config.levels.length;
  }

  /**
   * Maps and scores of a batch of one class.
   * @param images [B, 3, S, S], normalised
   */
  run(images: Tensor, className: string): Anomaly {
    const anchors = this.#anchors.get(className);
    if (!anchors) {
      throw new Error(
        `detector: class "${className}" was not loaded: expected one of ${[...this.#anchors.keys()].join(', ')}`,
      );
    }
    return tidy(() => {
      const tokens = this.#adapters
        ? adaptedImage(images, this.#tower, this.#adapters.weights)
        : plainImage(images, this.#tower);
      return anomaly(tokens, anchors, this.imageSize, this.#domains.get(className) ?? 'Industrial');
    });
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
