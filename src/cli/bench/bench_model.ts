/** The model that the benchmarks run: ViT-L/14, or the smallest one, with weights made up from a seed. */
import { totalmem } from 'node:os';
import type { Gpu } from '../../gpu/gpu.js';
import type { ClipTensors } from '../../io/clip_names.js';
import { synth } from '../../io/synth.js';
import { type ImageAdapters, type Loaded, loadImageAdapters } from '../../model/adapters.js';
import type { ClipConfig } from '../../model/config.js';
import { syntheticAdapters, syntheticClip, TINY, VIT_L_14_336 } from '../../model/synthetic.js';
import { loadVision, type VisionTower } from '../../model/vision.js';
import { resizePositional } from '../../ops/positional.js';
import { persist, type Tensor, tidy, upload } from '../../tensor/tensor.js';

export interface ModelChoice {
  readonly tiny: boolean;
  /** Blocks of the image tower; all 24 (of the smallest model, 4) by default. */
  readonly layers?: number | undefined;
  readonly precision: 'f32' | 'f16';
}

/** The sizes of the model; fewer blocks keep four levels at the quarters. */
export function benchConfig({ tiny, layers }: Pick<ModelChoice, 'tiny' | 'layers'>): ClipConfig {
  const whole = tiny ? TINY : VIT_L_14_336;
  if (layers === undefined) return whole;
  const levels = [...new Set([1, 2, 3, 4].map((q) => Math.max(1, Math.round((q * layers) / 4))))];
  return { ...whole, visionLayers: layers, levels };
}

/** `ViT-L/14`, `tiny`, and the blocks where they are fewer. */
export function modelName({ tiny, layers }: Pick<ModelChoice, 'tiny' | 'layers'>): string {
  return `${tiny ? 'tiny' : 'ViT-L/14'}${layers === undefined ? '' : `, ${layers} blocks`}`;
}

/** Hosts with this much memory keep the weights between loads: making them takes longer than loading them. */
const ENOUGH_TO_KEEP = 2 ** 34;

const kept = new Map<string, ClipTensors>();

/** Weights that are exact in f16, as OpenAI's are. */
export function benchClip(config: ClipConfig): ClipTensors {
  const key = JSON.stringify(config);
  const clip = kept.get(key) ?? syntheticClip(config, 1, true);
  if (totalmem() < ENOUGH_TO_KEEP) return clip;
  const keeping = kept.get(key) ?? keptOnHost(clip);
  kept.set(key, keeping);
  return keeping;
}

/** Weights that are made or read once, and kept on the host for all later loads. */
export function keptOnHost(tensors: ClipTensors): ClipTensors {
  const made = new Map<string, Promise<Float32Array>>();
  return {
    ...tensors,
    readF32(name) {
      const data = made.get(name) ?? tensors.readF32(name);
      made.set(name, data);
      return data;
    },
  };
}

/** An image tower with its adapters, which runs at any image size. */
export class BenchTower implements Disposable {
  readonly config: ClipConfig;
  readonly #gpu: Gpu;
  readonly #tower: VisionTower;
  readonly #adapters: Loaded<ImageAdapters>;
  readonly #resized = new Map<number, Tensor>();

  private constructor(gpu: Gpu, tower: VisionTower, adapters: Loaded<ImageAdapters>) {
    this.config = tower.config;
    this.#gpu = gpu;
    this.#tower = tower;
    this.#adapters = adapters;
  }

  static async load(gpu: Gpu, choice: ModelChoice): Promise<BenchTower> {
    const config = benchConfig(choice);
    const { precision } = choice;
    const tower = await loadVision(gpu, benchClip(config), config, config.image, { activation: 'gelu', precision });
    const image = syntheticAdapters(config, 2, undefined, Math.min(6, config.visionLayers));
    return new BenchTower(gpu, tower, await loadImageAdapters(gpu, image, { precision }));
  }

  get adapters(): ImageAdapters {
    return this.#adapters.weights;
  }

  /** The tower with its positional grid resized for pictures of this side. */
  at(imageSize: number): VisionTower {
    const grid = Math.floor(imageSize / this.config.patch);
    let positional = this.#resized.get(grid);
    if (!positional) {
      positional = tidy(() => {
        const made = resizePositional(this.#tower.positional, grid);
        return made === this.#tower.positional ? made : persist(made);
      });
      this.#resized.set(grid, positional);
    }
    return { ...this.#tower, imageSize, positional };
  }

  [Symbol.dispose](): void {
    for (const t of this.#resized.values()) if (t !== this.#tower.positional) t.release();
    this.#tower[Symbol.dispose]();
    this.#adapters[Symbol.dispose]();
    this.#gpu.trim();
  }
}

/** Values with a mean of 0 and a deviation of `std`, a function of their name. */
export function noise(gpu: Gpu, name: string, shape: readonly number[], std = 1): Tensor {
  return upload(gpu, synth(1, name, shape, std), shape);
}

/** Unit-length columns would do as anchors; these are near it. [1 or B, E, 2] */
export const someAnchors = (gpu: Gpu, count: number, embed: number): Tensor =>
  noise(gpu, 'anchors', [count, embed, 2], embed ** -0.5);
