/** Focal and dice losses over the upsampled map, fused: the map itself is never written, forward or backward. */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import { show } from '../tensor/shape.js';
import { empty, type Tensor, tidy } from '../tensor/tensor.js';
import { sum } from './reduce.js';

interface Sizes {
  readonly batch: number;
  readonly grid: number;
  readonly size: number;
  readonly pixels: number;
  readonly scale: number;
}

function sizesOf(s: Tensor, mask: Tensor): Sizes {
  const [batch, channels, grid, gridX] = s.shape as [number, number, number, number];
  const [maskBatch, one, size, sizeX] = mask.shape as [number, number, number, number];
  if (
    s.rank !== 4 ||
    channels !== 2 ||
    grid !== gridX ||
    mask.rank !== 4 ||
    one !== 1 ||
    size !== sizeX ||
    maskBatch !== batch
  ) {
    throw new Error(
      `segmentationLoss: expected similarity [B, 2, G, G] and mask [B, 1, S, S], got ${show(s.shape)} and ${show(mask.shape)}`,
    );
  }
  return { batch, grid, size, pixels: size * size, scale: size > 1 ? (grid - 1) / (size - 1) : 0 };
}

/** Per-image sums [B, 4]: focal terms, p m, p, m. */
function imageSums(s: Tensor, mask: Tensor, z: Sizes): Tensor {
  return tidy(() => {
    const sums = empty(s.gpu, [z.batch, z.size * z.grid, 4]);
    const cells = z.batch * z.size * z.grid;
    s.gpu.dispatch({
      kernel: 'segmentation_loss_sums',
      params: { cells, pixels: z.pixels, size: z.size, grid: z.grid, scale: z.scale },
      buffers: { s, mask, sums },
      threads: cells,
      flops: 40 * z.batch * z.pixels,
    });
    return sum(sums, 1);
  });
}

/** Gradient by the grid: first over the pixels between two columns of it, row by row, then over the rows. */
function gridGradient(s: Tensor, mask: Tensor, sums: Tensor, dy: Tensor): Tensor {
  const { batch, pixels, size, grid, scale } = sizesOf(s, mask);
  const ds = empty(s.gpu, s.shape);
  const cells = empty(s.gpu, [batch, size, grid, 2]);
  s.gpu.dispatch({
    kernel: 'segmentation_loss_backward_cells',
    params: { cells: batch * size * grid, pixels, size, grid, batch, scale },
    buffers: { s, mask, sums, cells },
    threads: batch * size * grid,
    flops: 60 * batch * pixels,
  });
  const points = batch * grid * grid;
  s.gpu.dispatch({
    kernel: 'segmentation_loss_backward',
    params: { points, size, grid, scale },
    buffers: { cells, dy, ds },
    threads: points,
    traffic: 16 * cells.size,
  });
  return ds;
}

export const segmentationLossOp: Op<null> = {
  name: 'segmentation_loss',
  forward([s, mask], _attrs, needs) {
    const z = sizesOf(s!, mask!);
    const sums = imageSums(s!, mask!, z);
    const out = empty(s!.gpu, [1]);
    s!.gpu.dispatch({
      kernel: 'segmentation_loss',
      params: { batch: z.batch, pixels: z.pixels },
      buffers: { sums, loss: out },
      threads: 1,
    });
    return { out, saved: needs[0] ? [s!, mask!, sums] : [] };
  },
  vjp(dy, [s, mask, sums], _attrs, needs) {
    if (!needs[0]) return [null, null];
    return [gridGradient(s!, mask!, sums!, dy), null];
  },
};

/**
 * focal(p, m) + dice(p0, 1 - m) + dice(p1, m), p the softmax of the similarity upsampled to the mask's size (bilinear,
 * corners aligned); the loss of one level (part 4 of the published training).
 * @param similarity [B, 2, G, G]
 * @param mask [B, 1, S, S] of 0 and 1
 * @returns [1]
 */
export function segmentationLoss(similarity: Tensor, mask: Tensor): Tensor {
  return apply(segmentationLossOp, [similarity, mask], null);
}
