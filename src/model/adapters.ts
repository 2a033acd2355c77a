/** Loading the residual adapters. */
import type { Gpu } from '../gpu/gpu.js';
import type { TensorView } from '../io/tensor_view.js';
import type { FrozenMatrix } from '../kernels/frozen_matrix.js';
import type { Weight } from '../nn/layers.js';
import type { TextAdapters } from './text.js';
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
export async function loadWith<T>(loader: WeightLoader, load: () => Promise<T>): Promise<Loaded<T>> {
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
  tensors: TensorView,
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
  tensors: TensorView,
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
    return {
      blocks,
      seg: [...others, ...last],
      det: heads.rows(heads.n - e, e),
      heads,
      relu: det.endsWith('.fc.0.weight'),
    };
  });
}
