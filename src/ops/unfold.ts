/** Cuts pictures into patches, so that a convolution whose stride is its width is one `linear`. */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import { type Shape, show, sizeOf } from '../tensor/shape.js';
import { empty, type Tensor } from '../tensor/tensor.js';

interface UnfoldAttrs {
  readonly patch: number;
  /** Shape of the picture. */
  readonly shape: Shape;
}

function run(x: Tensor, { patch, shape }: UnfoldAttrs, fold: boolean): Tensor {
  const [batch, channels, height, width] = shape as [number, number, number, number];
  const [rows, columns] = [Math.floor(height / patch), Math.floor(width / patch)];
  const y = empty(x.gpu, fold ? shape : [batch, rows * columns, channels * patch * patch]);
  x.gpu.dispatch({
    kernel: 'unfold',
    knobs: { FOLD: fold },
    params: { size: y.size, channels, height, width, side: patch, rows, columns },
    buffers: { x, y },
    threads: y.size,
    traffic: 4 * (x.size + sizeOf(y.shape)),
  });
  return y;
}

export const unfoldOp: Op<UnfoldAttrs> = {
  name: 'unfold',
  forward([image], attrs) {
    return { out: run(image!, attrs, false), saved: [] };
  },
  vjp(dy, _saved, attrs) {
    return [run(dy, attrs, true)];
  },
};

/**
 * Non-overlapping patches, row by row; a patch's elements are in the order of a convolution's weight: channel, y, x.
 * Rows and columns beyond the last whole patch are not read, and get the gradient zero.
 * @param image [B, C, H, W]
 * @param patch width and height P of a patch
 * @returns [B, floor(H / P) floor(W / P), C P P]
 * @throws when the image is smaller than one patch
 */
export function unfold(image: Tensor, patch: number): Tensor {
  const [height, width] = [image.shape[2], image.shape[3]];
  if (image.rank !== 4 || !(Number.isInteger(patch) && patch >= 1 && height! >= patch && width! >= patch)) {
    throw new Error(
      `unfold: expected [B, C, H, W] of at least one ${patch} x ${patch} patch, got ${show(image.shape)}`,
    );
  }
  return apply(unfoldOp, [image], { patch, shape: image.shape });
}
