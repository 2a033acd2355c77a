/** Anchors from sentences: the mean of unit embeddings, made unit again. */
import type { TensorView } from '../../io/tensor_view.js';
import { tidy } from '../../tensor/tensor.js';
import { loadTextAdapters } from '../adapters.js';
import { textAnchors } from '../anomaly.js';
import { promptRows } from '../prompt_rows.js';
import { encodeTexts, type TextTower } from '../text.js';
import type { AnchorMaker, PartOptions } from './method.js';

/** @param text residual adapters of the text tower; undefined for the plain one */
export async function loadWordedAnchors(
  tower: TextTower,
  text: TensorView | undefined,
  { precision, textMix }: PartOptions,
): Promise<AnchorMaker> {
  const own = text ? await loadTextAdapters(tower.gpu, text, { precision }) : undefined;
  return {
    anchors(prompts) {
      const { ids, counts } = promptRows([prompts], tower.config.context);
      return tidy(() => textAnchors(encodeTexts(ids, tower, own?.weights, textMix), counts)); // [1, E, 2]
    },
    [Symbol.dispose]: () => own?.[Symbol.dispose](),
  };
}
