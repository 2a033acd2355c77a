/** The residual adapters: loading them, and the output of the adapted image tower. */
import type { Gpu } from '../gpu/gpu.js';
import type { AdapterTensors } from '../io/adapter_names.js';
import type { FrozenMatrix } from '../kernels/frozen_matrix.js';
import type { Weight } from '../nn/layers.js';
import { l2Normalize } from '../ops/l2_normalize.js';
import { layerNorm } from '../ops/layer_norm.js';
import { linear } from '../ops/linear.js';
import { mean } from '../ops/reduce.js';
import { slice } from '../ops/slice.js';
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
  /** The last of `seg` above `det`, [2 E, W], where they were loaded as one matrix: both read the same tokens. */
  readonly heads?: FrozenMatrix | undefined;
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
  return loadWith(loader, async () => {
    const blocks = await load(of('layer_adapters'));
    const seg = of('seg_proj');
    const others = await load(seg.slice(0, -1));
    const heads = await loader.stacked([...seg.slice(-1), det]);
    const e = heads.n / (seg.length > 0 ? 2 : 1);
    const last = seg.length > 0 ? [heads.rows(0, e)] : [];
    return { blocks, seg: [...others, ...last], det: heads.rows(heads.n - e, e), heads, relu: tensors.relu };
  });
}

/** Patch tokens through a projection, not normalised: columns `first` to `first + width` of x [B, G G, W]. */
export interface Projection {
  readonly x: Tensor;
  readonly first: number;
  readonly width: number;
}

/** What anomaly maps and scores are computed from. */
export interface Projections {
  /** One for each level. */
  readonly seg: readonly Projection[];
  /** Rows whose unit vectors have the detection token as their mean. */
  readonly det: Projection;
}

export interface AdaptedImage {
  /** Unit patch tokens, one [B, G G, E] for each level. */
  readonly seg: readonly Tensor[];
  /** Mean of the last level's unit patch tokens, [B, E]; not normalised afterwards. */
  readonly det: Tensor;
}

export interface AdaptedOptions {
  /** Share of an adapter's output in its mix; 0.1 by default. */
  readonly mix?: number | undefined;
  /** Run blocks again for their gradients instead of keeping their activations. */
  readonly recompute?: boolean | undefined;
}

/**
 * Projections of the adapted tower's patch tokens.
 * @param image [B, 3, S, S]
 * @throws when the number of levels and of the adapters' projections differ
 */
export function adaptedProjections(
  image: Tensor,
  tower: VisionTower,
  adapters: ImageAdapters,
  { mix = 0.1, recompute = false }: AdaptedOptions = {},
): Projections {
  const activation = adapters.relu ? 'leaky_relu' : 'none';
  const { seg, det, heads } = adapters;
  return tidy(() => {
    const { levels } = visionTokens(image, tower, { adapters: adapters.blocks, mix, recompute });
    if (levels.length !== seg.length) {
      throw new Error(`image adapters: expected ${levels.length} projections, one for each level, got ${seg.length}`);
    }
    const patches = levels.map((t) => patchTokens(t, tower)); // [B, G G, W]
    const through = (x: Tensor, w: Weight): Projection => {
      const y = linear(x, w, { activation });
      return { x: y, first: 0, width: y.dim(-1) };
    };
    const last = patches.at(-1)!;
    if (!heads) return { seg: patches.map((x, i) => through(x, seg[i]!)), det: through(last, det) };
    const { x, width } = through(last, heads);
    const [above, below] = [0, width / 2].map((first) => ({ x, first, width: width / 2 })) as [Projection, Projection];
    return { seg: [...patches.slice(0, -1).map((t, i) => through(t, seg[i]!)), above], det: below };
  });
}

/** Unit patch tokens of every level and the detection token. */
export function unitFeatures({ seg, det }: Projections): AdaptedImage {
  const unit = ({ x, first, width }: Projection): Tensor =>
    tidy(() => l2Normalize(width === x.dim(-1) ? x : slice(x, 2, first, width)));
  return tidy(() => ({ seg: seg.map(unit), det: tidy(() => mean(unit(det), 1)) }));
}

/** Unit patch tokens of every level and the detection token of the adapted tower; arguments as in `adaptedProjections`. */
export function adaptedImage(
  image: Tensor,
  tower: VisionTower,
  adapters: ImageAdapters,
  options: AdaptedOptions = {},
): AdaptedImage {
  return tidy(() => unitFeatures(adaptedProjections(image, tower, adapters, options)));
}

/** ln_post of the patch tokens: [B, 1 + G G, W] to [B, G G, W]. */
export function patchTokens(tokens: Tensor, tower: VisionTower): Tensor {
  const { weight, bias } = tower.lnPost;
  return layerNorm(tokens, weight, bias, { skip: 1 });
}
