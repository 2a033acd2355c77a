/** y = (x - mean) / sqrt(var + eps) * weight + bias along the last axis; the variance is taken over all D values. */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import { dispatchRows, layerNormBackwardKernels, layerNormKernels, rowsAndWidth } from '../kernels/row_kernels.js';
import { sameShape, show } from '../tensor/shape.js';
import { empty, type Tensor } from '../tensor/tensor.js';
import { sumRows } from './reduce.js';

/** Added to the variance by default, as CLIP does. */
export const LAYER_NORM_EPS = 1e-5;

export interface LayerNormOptions {
  /** Added to the variance. */
  readonly eps?: number | undefined;
  /** Tokens left out at the start of every sequence of x [..., T, D]. */
  readonly skip?: number | undefined;
  /** Tokens of every sequence taken after those; default: all the others. */
  readonly take?: number | undefined;
}

interface LayerNormAttrs {
  readonly eps: number;
  readonly skip: number;
  readonly take: number | undefined;
}

/** Where the rows of y lie in x: tokens start .. start + count - 1 of every sequence of `tokens`. */
function selection(x: Tensor, { skip, take }: LayerNormAttrs) {
  const { rows, d } = rowsAndWidth('layer_norm', x);
  const tokens = x.rank > 1 ? x.dim(-2) : 1;
  const count = take ?? tokens - skip;
  if (!Number.isInteger(skip) || !Number.isInteger(count) || skip < 0 || count < 1 || skip + count > tokens) {
    throw new Error(
      `layer_norm: expected to take 1 to ${tokens} tokens of ${show(x.shape)}, got ${count} after ${skip}`,
    );
  }
  const shape = x.rank > 1 ? [...x.shape.slice(0, -2), count, d] : x.shape;
  return { shape, params: { rows: (rows / tokens) * count, d, tokens, start: skip, count } };
}

function inputGradient(dy: Tensor, x: Tensor, stats: Tensor, weight: Tensor, attrs: LayerNormAttrs): Tensor {
  const { gpu } = dy;
  const { params } = selection(x, attrs);
  const rows = x.size / params.d;
  const dx = empty(gpu, x.shape);
  dispatchRows(gpu, layerNormBackwardKernels, {
    rows,
    params: { ...params, rows },
    buffers: { x, weight, stats, dy, dx },
    traffic: 4 * (2 * dy.size + dx.size),
  });
  return dx;
}

function weightGradient(dy: Tensor, x: Tensor, stats: Tensor, attrs: LayerNormAttrs): Tensor {
  const { gpu } = dy;
  const { params } = selection(x, attrs);
  // Enough chunks to occupy a device, each long enough to be worth it.
  const chunks = Math.max(1, Math.min(64, Math.floor(params.rows / 64)));
  const part = empty(gpu, [chunks, params.d]);
  gpu.dispatch({
    kernel: 'layer_norm_backward_weight',
    params: { ...params, chunks },
    buffers: { x, stats, dy, part },
    threads: part.size,
    traffic: 8 * dy.size,
  });
  return chunks === 1 ? part.view([params.d]) : sumRows(part);
}

/** Inputs: x [..., T, D], weight [D], bias [D]. Saves what the needed gradients use: x and its statistics, weight. */
export const layerNormOp: Op<LayerNormAttrs> = {
  name: 'layer_norm',
  forward([x, weight, bias], attrs, needs) {
    const { shape, params } = selection(x!, attrs);
    for (const [name, t] of [['weight', weight!] as const, ['bias', bias!] as const]) {
      if (!sameShape(t.shape, [params.d])) {
        throw new Error(`layer_norm: expected ${name} [${params.d}] for x ${show(x!.shape)}, got ${show(t.shape)}`);
      }
    }
    const { gpu } = x!;
    const y = empty(gpu, shape);
    const stats = empty(gpu, [params.rows, 2]); // mean, 1 / sqrt(var + eps)
    dispatchRows(gpu, layerNormKernels, {
      rows: params.rows,
      params: { ...params, eps: attrs.eps },
      buffers: { x: x!, weight: weight!, bias: bias!, stats, y },
      traffic: 8 * y.size,
    });
    const saved = needs[0] || needs[1] ? [x!, stats] : [];
    return { out: y, saved: needs[0] ? [...saved, weight!] : saved };
  },
  vjp(dy, [x, stats, weight], attrs, needs) {
    return [
      needs[0] ? inputGradient(dy, x!, stats!, weight!, attrs) : null,
      needs[1] ? weightGradient(dy, x!, stats!, attrs) : null,
      needs[2] ? sumRows(dy) : null,
    ];
  },
};

/**
 * Layer normalisation along the last axis, of all tokens or of some of every sequence without a copy.
 * @param x [..., T, D]
 * @param weight [D]
 * @param bias [D]
 * @returns [..., T, D], or [..., take, D] where tokens are skipped or taken
 * @throws when shapes do not fit or x lacks the chosen tokens
 */
export function layerNorm(x: Tensor, weight: Tensor, bias: Tensor, options: LayerNormOptions = {}): Tensor {
  const { eps = LAYER_NORM_EPS, skip = 0, take } = options;
  return apply(layerNormOp, [x, weight, bias], { eps, skip, take });
}
