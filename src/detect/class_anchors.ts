/** The anchors of a model's classes: from the host's cache, else from the text tower. */
import type { Gpu } from '../gpu/gpu.js';
import type { Activation } from '../kernels/epilogue.js';
import type { ClipConfig } from '../model/config.js';
import type { Method } from '../model/methods/method.js';
import { loadText } from '../model/text.js';
import type { LoadOptions } from '../model/weights.js';
import { persist, read, type Tensor, tidy, upload } from '../tensor/tensor.js';
import { AnchorCache } from './anchor_cache.js';
import type { AnomalyModelOptions } from './anomaly_model.js';
import type { ClassTokens } from './class_tokens.js';

/** What anchors are made from, and how the text tower is loaded. */
export interface AnchorOptions
  extends Pick<AnomalyModelOptions, 'clip' | 'classes' | 'adapters' | 'textMix' | 'anchors'> {
  readonly config: ClipConfig;
  readonly method: Method;
  readonly load: LoadOptions & { readonly activation: Activation };
}

/**
 * Anchors [1, E, 2] of every class by name, which the caller releases. Classes with the same prompts share one tensor. The
 * text tower is loaded only where the cache lacks a class, and released before this resolves.
 */
export async function classAnchors(gpu: Gpu, options: AnchorOptions): Promise<Map<string, Tensor>> {
  const { clip, config, method, classes, adapters, textMix, anchors: store, load } = options;
  const { activation, precision = 'f32' } = load;
  const text = adapters?.text;
  // A device that only counts has no anchors to keep.
  const cache =
    !store || gpu.counts
      ? undefined
      : await AnchorCache.open(store, gpu, { clip, method, text, textMix, activation, precision });
  const made = new Map<string, Tensor>();
  try {
    const missing: (readonly ClassTokens[])[] = [];
    for (const group of samePrompts(classes)) {
      const kept = await cache?.find(group[0]!, config.embed);
      if (!kept) missing.push(group);
      else for (const { name } of group) made.set(name, made.get(group[0]!.name) ?? onDevice(gpu, kept));
    }
    if (missing.length > 0) {
      using tower = await loadText(gpu, clip, config, load);
      using maker = await method.loadAnchors(tower, text, { precision, textMix });
      for (const group of missing) {
        const columns = persist(tidy(() => maker.anchors(group[0]!))); // [1, E, 2]
        for (const { name } of group) made.set(name, columns);
      }
      if (cache) for (const [c] of missing) await cache.keep(c!, await read(made.get(c!.name)!));
    }
    await gpu.idle();
    return made;
  } catch (error) {
    releaseAnchors(made);
    throw error;
  }
}

const onDevice = (gpu: Gpu, values: Float32Array): Tensor => persist(upload(gpu, values, [1, values.length / 2, 2]));

/** Releases anchors, of which classes may share some. */
export function releaseAnchors(anchors: ReadonlyMap<string, Tensor>): void {
  for (const t of new Set(anchors.values())) t.release();
}

/** Classes in groups of the same prompts, in their order. */
function samePrompts(classes: readonly ClassTokens[]): ClassTokens[][] {
  const groups = new Map<string, ClassTokens[]>();
  for (const c of classes) {
    const key = `${c.normal.join()};${c.abnormal.join()}`;
    groups.set(key, [...(groups.get(key) ?? []), c]);
  }
  return [...groups.values()];
}
