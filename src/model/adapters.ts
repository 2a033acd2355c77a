/** The residual adapters: loading them, and the output of the adapted image tower. */
import type { Gpu } from '../gpu/gpu.js';
import type { AdapterTensors } from '../io/adapter_names.js';
import type { Weight } from '../nn/layers.js';
import { l2Normalize } from '../ops/l2_normalize.js';
import { layerNorm } from '../ops/layer_norm.js';
import { linear } from '../ops/linear.js';
import { mean } from '../ops/reduce.js';
import { type Tensor, tidy } from '../tensor/tensor.js';
import type { TextAdapters } from './text.js';
import { type VisionTower, visionTokens } from './vision.js';
import { type LoadOptions, WeightLoader } from './weights.js';

export interface ImageAdapters {
  /** One [W, W] for each of the first blocks, applied after it. */
  readonly blocks: readonly Weight[];
  /** One [E, W] for each level. */
  readonly seg: readonly Weight[];
  /** [E, W] */
  readonly det: Weight;
  /** LeakyReLU after the projections. */
  readonly relu: boolean;
}

/** Weights on the device; disposing releases them. */
export interface Loaded<T> extends Disposable {
  readonly weights: T;
}

/** Loads weights that the result owns; a failure releases what was loaded until then. */
async function loadWith<T>(loader: WeightLoader, load: () => Promise<T>): Promise<Loaded<T>> {
  try {
    return { weights: await load(), [Symbol.dispose]: () => loader[Symbol.dispose]() };
  } catch (error) {
    loader[Symbol.dispose]();
    throw error;
  }
}

/** Loads the text adapters of a checkpoint. @throws when it has no such adapters */
export async function loadTextAdapters(
  gpu: Gpu,
  tensors: AdapterTensors,
  options: LoadOptions = {},
): Promise<Loaded<TextAdapters>> {
  const count = tensors.names.filter((n) => n.startsWith('text_adapter.')).length;
  if (count === 0) throw new Error(`${tensors.name}: no text adapter: expected tensors text_adapter.{i}.fc.0.weight`);
  const loader = new WeightLoader(gpu, tensors, options);
  return loadWith(loader, async () => {
    const all: Weight[] = [];
    for (let i = 0; i < count; i++) all.push(await loader.matrix(`text_adapter.${i}.fc.0.weight`));
    return { blocks: all.slice(0, -1), projection: all.at(-1)! };
  });
}

/** Loads the image adapters of a checkpoint. @throws when it has no such adapters */
export async function loadImageAdapters(
  gpu: Gpu,
  tensors: AdapterTensors,
  options: LoadOptions = {},
): Promise<Loaded<ImageAdapters>> {
  const of = (part: string): string[] => {
    const names = tensors.names.filter((n) => n.startsWith(`image_adapter.${part}`));
    const place = (name: string): number => Number(/\.(\d+)\.fc/.exec(name)?.[1] ?? 0);
    return names.sort((a, b) => place(a) - place(b));
  };
  const det = of('det_proj')[0];
  if (det === undefined)
    throw new Error(`${tensors.name}: no image adapter: expected tensor image_adapter.det_proj.fc.weight`);
  const loader = new WeightLoader(gpu, tensors, options);
  const load = async (names: string[]): Promise<Weight[]> => {
    const made: Weight[] = [];
    for (const name of names) made.push(await loader.matrix(name));
    return made;
  };
  return loadWith(loader, async () => ({
    blocks: await load(of('layer_adapters')),
    seg: await load(of('seg_proj')),
    det: await loader.matrix(det),
    relu: tensors.relu,
  }));
}

export interface AdaptedImage {
  /** Unit patch tokens, one [B, G G, E] for each level. */
  readonly seg: readonly Tensor[];
  /** Mean of the last level's unit patch tokens, [B, E]; not normalised afterwards. */
  readonly det: Tensor;
}

/**
 * Patch tokens of every level and the detection token.
 * @param image [B, 3, S, S]
 * @param mix share of an adapter's output in its mix
 * @param recompute run blocks again for their gradients instead of keeping their activations
 * @throws when the number of levels and of the adapters' projections differ
 */
export function adaptedImage(
  image: Tensor,
  tower: VisionTower,
  adapters: ImageAdapters,
  mix = 0.1,
  recompute = false,
): AdaptedImage {
  const activation = adapters.relu ? 'leaky_relu' : 'none';
  return tidy(() => {
    const { levels } = visionTokens(image, tower, { adapters: adapters.blocks, mix, recompute });
    if (levels.length !== adapters.seg.length) {
      throw new Error(
        `image adapters: expected ${levels.length} projections, one for each level, got ${adapters.seg.length}`,
      );
    }
    const patches = levels.map((t) => patchTokens(t, tower)); // [B, G G, W]
    const project = (t: Tensor, w: Weight): Tensor => tidy(() => l2Normalize(linear(t, w, { activation })));
    return {
      seg: patches.map((t, i) => project(t, adapters.seg[i]!)),
      det: tidy(() => mean(project(patches.at(-1)!, adapters.det), 1)),
    };
  });
}

/** ln_post of the patch tokens: [B, 1 + G G, W] to [B, G G, W]. */
export function patchTokens(tokens: Tensor, tower: VisionTower): Tensor {
  const { weight, bias } = tower.lnPost;
  return layerNorm(tokens, weight, bias, { skip: 1 });
}
