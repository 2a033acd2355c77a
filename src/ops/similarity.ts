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

/** The kernel's three products, by the number its knob takes. */
const OUT = { map: 0, feats: 1, text: 2 } as const;

function run(want: keyof typeof OUT, a: Tensor, b: Tensor, shape: Shape, attrs: SimilarityAttrs, parts = 1): Tensor {
  const [batch, length, width] = attrs.feats as [number, number, number];
  const channels = attrs.text.at(-1)!;
  const y = empty(a.gpu, shape);
  a.gpu.dispatch({
    kernel: 'similarity',
    knobs: { OUT: OUT[want] },
    params: {
      size: y.size,
      length,
      width,
      channels,
      text_batch: attrs.text.length === 3 && attrs.text[0] !== 1 ? width * channels : 0,
      parts,
      scale: attrs.scale,
    },
    buffers: { a, b, y },
    threads: y.size,
    flops: 2 * batch * length * width * channels,
    traffic: 4 * (a.size + b.size + y.size),
  });
  return y;
}

export const similarityOp: Op<SimilarityAttrs> = {
  name: 'similarity',
  forward([feats, text], attrs, needs) {
    const [batch, length, width] = feats!.shape as [number, number, number];
    const matrix = text!.rank === 3 ? text!.shape.slice(1) : text!.shape;
    const ofBatch = text!.rank === 2 || text!.dim(0) === 1 || text!.dim(0) === batch;
    if (feats!.rank !== 3 || matrix.length !== 2 || matrix[0] !== width || !ofBatch) {
      throw new Error(
        `similarity: expected feats [B, L, E] and text [E, C] or [B, E, C], got ${show(feats!.shape)} and ${show(text!.shape)}`,
      );
    }
    const out = run('map', feats!, text!, [batch, matrix[1]!, length], attrs);
    return { out, saved: [...(needs[0] ? [text!] : []), ...(needs[1] ? [feats!] : [])] };
  },
  vjp(dy, saved, attrs, needs) {
    const left = [...saved];
    const dfeats = needs[0] ? run('feats', dy, left.shift()!, attrs.feats, attrs) : null;
    if (!needs[1]) return [dfeats, null];
    const [batch, length, width] = attrs.feats as [number, number, number];
    const channels = attrs.text.at(-1)!;
    // Long sums in parts: the outputs alone would not occupy a device.
    const parts = Math.ceil(length / 128);
    const each = run('text', dy, left.shift()!, [batch, parts, width * channels], attrs, parts);
    const own = sameShape(attrs.text, [batch, width, channels]);
    return [dfeats, (own ? sum(each, 1) : sum(each.view([batch * parts, width * channels]), 0)).view(attrs.text)];
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
