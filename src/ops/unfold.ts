/** Cuts pictures into patches, so that a convolution whose stride is its width is one `linear`. */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import { type Shape, show } from '../tensor/shape.js';
import { empty, type Tensor } from '../tensor/tensor.js';

interface UnfoldAttrs {
  readonly patch: number;
  /** Shape of the picture. */
  readonly shape: Shape;
}

/** What both kernels are given. */
function paramsOf({ patch, shape }: UnfoldAttrs) {
  const [, channels, height, width] = shape as [number, number, number, number];
  const [rows, columns] = [Math.floor(height / patch), Math.floor(width / patch)];
  return { channels, height, width, side: patch, rows, columns };
}

export const unfoldOp: Op<UnfoldAttrs> = {
  name: 'unfold',
  forward([image], attrs) {
    const params = paramsOf(attrs);
    const { channels, side, rows, columns } = params;
    const y = empty(image!.gpu, [image!.dim(0), rows * columns, channels * side * side]);
    y.gpu.dispatch({
      kernel: 'unfold',
      params: { ...params, size: y.size },
      buffers: { x: image!, y },
      threads: y.size,
      traffic: 4 * (image!.size + y.size),
    });
    return { out: y, saved: [] };
  },
  vjp(dy, _saved, attrs) {
    const dx = empty(dy.gpu, attrs.shape);
    dy.gpu.dispatch({
      kernel: 'unfold_backward',
      params: { ...paramsOf(attrs), size: dx.size },
      buffers: { dy, dx },
      threads: dx.size,
      traffic: 4 * (dy.size + dx.size),
    });
    return [dx];
  },
};

/**
 * Non-overlapping patches, row by row; a patch's elements are in the order of a convolution's weight: channel, y, x.
 * Rows and columns beyond the last whole patch are not read, and their gradient is zero.
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
