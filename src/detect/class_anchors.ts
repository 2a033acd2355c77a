/** The anchors of a model's classes: from the host's cache, else from the text tower. */
import type { Gpu } from '../gpu/gpu.js';
import { loadTextAdapters } from '../model/adapters.js';
import { textAnchors } from '../model/anomaly.js';
import type { ClipConfig } from '../model/config.js';
import { encodeText, loadText } from '../model/text.js';
import type { LoadOptions } from '../model/weights.js';
import { persist, read, type Tensor, tidy, upload } from '../tensor/tensor.js';
import { AnchorCache } from './anchor_cache.js';
import type { AnomalyModelOptions } from './anomaly_model.js';
import { type ClassTokens, promptRows } from './class_tokens.js';

/**
 * Anchors [1, E, 2] of every class by name, which the caller releases. The text tower is loaded only where the cache lacks a
 * class, and released before this resolves.
 */
export async function classAnchors(
  gpu: Gpu,
  config: ClipConfig,
  { clip, classes, adapters, textMix, anchors: store, activation = 'gelu', precision = 'f32' }: AnomalyModelOptions,
  load: Pick<LoadOptions, 'onProgress'>,
): Promise<Map<string, Tensor>> {
  const text = adapters?.text;
  // A device that only counts has no anchors to keep.
  const cache =
    !store || gpu.counts
      ? undefined
      : await AnchorCache.open(store, gpu, { clip, text, textMix, activation, precision });
  const made = new Map<string, Tensor>();
  try {
    const missing: ClassTokens[] = [];
    for (const c of classes) {
      const kept = await cache?.find(c, config.embed);
      if (kept) made.set(c.name, persist(upload(gpu, kept, [1, config.embed, 2])));
      else missing.push(c);
    }
    if (missing.length > 0) {
      using tower = await loadText(gpu, clip, config, { ...load, activation, precision });
      using own = text ? await loadTextAdapters(gpu, text, { precision }) : undefined;
      for (const c of missing) {
        const { ids, counts } = promptRows([c], config.context);
        const embed = (): Tensor => encodeText(ids, tower, own?.weights, textMix); // [P, E]
        made.set(c.name, persist(tidy(() => textAnchors(embed(), counts)))); // [1, E, 2]
      }
      if (cache) for (const c of missing) await cache.keep(c, await read(made.get(c.name)!));
    }
    await gpu.idle();
    return made;
  } catch (error) {
    for (const t of made.values()) t.release();
    throw error;
  }
}
