/** Patch features against the two text anchors of their class. */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import { type Shape, sameShape, show } from '../tensor/shape.js';
import { empty, type Tensor } from '../tensor/tensor.js';
import { sum } from './reduce.js';

/** What cosines are multiplied with before they are compared. */
export const SIMILARITY_SCALE = 100;

interface SimilarityAttrs {
  readonly scale: number;
  /** [B, L, E] */
  readonly feats: Shape;
  readonly text: Shape;
}

/** What all three kernels are given. */
function job(attrs: SimilarityAttrs) {
  const [batch, length, width] = attrs.feats as [number, number, number];
  const channels = attrs.text.at(-1)!;
  const ofPicture = attrs.text.length === 3 && attrs.text[0] !== 1;
  return {
    params: { length, width, channels, text_batch: ofPicture ? width * channels : 0, scale: attrs.scale },
    flops: 2 * batch * length * width * channels,
  };
}

/** scale * feats @ text, [B, C, L]. */
function mapOf(feats: Tensor, text: Tensor, attrs: SimilarityAttrs): Tensor {
  const { params, flops } = job(attrs);
  const map = empty(feats.gpu, [feats.dim(0), params.channels, params.length]);
  feats.gpu.dispatch({
    kernel: 'similarity',
    params: { ...params, size: map.size },
    buffers: { feats, text, map },
    threads: map.size,
    flops,
    traffic: 4 * (feats.size + text.size + map.size),
  });
  return map;
}

function featsGradient(dmap: Tensor, text: Tensor, attrs: SimilarityAttrs): Tensor {
  const { params, flops } = job(attrs);
  const dfeats = empty(dmap.gpu, attrs.feats);
  dmap.gpu.dispatch({
    kernel: 'similarity_backward_feats',
    params: { ...params, size: dfeats.size },
    buffers: { dmap, text, dfeats },
    threads: dfeats.size,
    flops,
    traffic: 4 * (dmap.size + text.size + dfeats.size),
  });
  return dfeats;
}

function textGradient(dmap: Tensor, feats: Tensor, attrs: SimilarityAttrs): Tensor {
  const { params, flops } = job(attrs);
  const { length, width, channels } = params;
  const batch = dmap.dim(0);
  // Long sums in parts: the outputs alone would not occupy a device.
  const parts = Math.ceil(length / 128);
  const dtext = empty(dmap.gpu, [batch, parts, width * channels]);
  dmap.gpu.dispatch({
    kernel: 'similarity_backward_text',
    params: { ...params, parts, size: dtext.size },
    buffers: { dmap, feats, dtext },
    threads: dtext.size,
    flops,
    traffic: 4 * (dmap.size + feats.size + dtext.size),
  });
  const own = sameShape(attrs.text, [batch, width, channels]);
  return (own ? sum(dtext, 1) : sum(dtext.view([batch * parts, width * channels]), 0)).view(attrs.text);
}

export const similarityOp: Op<SimilarityAttrs> = {
  name: 'similarity',
  forward([feats, text], attrs, needs) {
    const [batch, , width] = feats!.shape as [number, number, number];
    const matrix = text!.rank === 3 ? text!.shape.slice(1) : text!.shape;
    const ofBatch = text!.rank === 2 || text!.dim(0) === 1 || text!.dim(0) === batch;
    if (feats!.rank !== 3 || matrix.length !== 2 || matrix[0] !== width || !ofBatch) {
      throw new Error(
        `similarity: expected feats [B, L, E] and text [E, C] or [B, E, C], got ${show(feats!.shape)} and ${show(text!.shape)}`,
      );
    }
    const out = mapOf(feats!, text!, attrs);
    return { out, saved: [...(needs[0] ? [text!] : []), ...(needs[1] ? [feats!] : [])] };
  },
  vjp(dy, saved, attrs, needs) {
    const left = [...saved];
    return [
      needs[0] ? featsGradient(dy, left.shift()!, attrs) : null,
      needs[1] ? textGradient(dy, left.shift()!, attrs) : null,
    ];
  },
};

/**
 * scale * feats @ text, channels before tokens.
 * @param feats [B, L, E]
 * @param text [B, E, C], or one for the whole batch as [1, E, C] or [E, C]
 * @returns [B, C, L]
 */
export function similarity(feats: Tensor, text: Tensor, scale: number = SIMILARITY_SCALE): Tensor {
  return apply(similarityOp, [feats, text], { scale, feats: feats.shape, text: text.shape });
}
