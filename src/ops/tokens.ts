/** The image tower's input: class token, then patches, plus positions. */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import { sameShape, show } from '../tensor/shape.js';
import { empty, type Tensor } from '../tensor/tensor.js';
import { sumRows } from './reduce.js';
import { shifted } from './slice.js';

export const tokensOp: Op<Record<string, never>> = {
  name: 'tokens',
  forward([patches, cls, positional]) {
    const [batch, length, width] = patches!.shape as [number, number, number];
    if (patches!.rank !== 3 || !sameShape(cls!.shape, [width])) {
      throw new Error(
        `tokens: expected patches [B, L, W] and class token [W], got ${show(patches!.shape)}, ${show(cls!.shape)}`,
      );
    }
    if (!sameShape(positional!.shape, [length + 1, width])) {
      throw new Error(
        `tokens: expected positions ${show([length + 1, width])} for ${length} patches, got ${show(positional!.shape)}: resize them to the image`,
      );
    }
    const y = empty(patches!.gpu, [batch, length + 1, width]);
    y.gpu.dispatch({
      kernel: 'tokens',
      params: { size: y.size, tokens: length + 1, width },
      buffers: { patches: patches!, cls: cls!, positional: positional!, y },
      threads: y.size,
      traffic: 12 * y.size,
    });
    return { out: y, saved: [] };
  },
  vjp(dy, _saved, _attrs, needs) {
    const [batch, tokens, width] = dy.shape as [number, number, number];
    return [
      needs[0] ? shifted(dy, 1, 1, tokens - 1) : null,
      needs[1] ? sumRows(shifted(dy, 1, 0, 1)) : null,
      needs[2] ? sumRows(dy.view([batch, tokens * width])).view([tokens, width]) : null,
    ];
  },
};

/**
 * cat(cls, patches) + positional.
 * @param patches [B, L, W]
 * @param cls [W]
 * @param positional [L + 1, W], the class token's row first
 * @returns [B, L + 1, W]
 */
export function assembleTokens(patches: Tensor, cls: Tensor, positional: Tensor): Tensor {
  return apply(tokensOp, [patches, cls, positional], {});
}
