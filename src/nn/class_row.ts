/** A transformer block of which only the first token's result is wanted. */
import { gather } from '../ops/gather.js';
import { linear } from '../ops/linear.js';
import { matmul } from '../ops/matmul.js';
import { multiply } from '../ops/multiply.js';
import { sum } from '../ops/reduce.js';
import { reshape } from '../ops/reshape.js';
import { slice } from '../ops/slice.js';
import { softmax } from '../ops/softmax.js';
import { constant } from '../tensor/resident.js';
import { type Tensor, tidy } from '../tensor/tensor.js';
import { type Block, type BlockOptions, mlp, norm, partOf } from './layers.js';

/** Masks by heads, width and value; one array each, so that each is copied to the device once. */
const masks = new Map<string, Float32Array>();

/** [H, D]: `value` where a column belongs to the row's head, else 0. */
function headMask(heads: number, width: number, value: number): Float32Array {
  const key = `${heads}:${width}:${value}`;
  const known = masks.get(key);
  if (known) return known;
  const head = width / heads;
  const made = new Float32Array(heads * width);
  for (let h = 0; h < heads; h++) made.fill(value, h * width + h * head, h * width + (h + 1) * head);
  masks.set(key, made);
  return made;
}

/**
 * softmax(q kᵀ / sqrt(Dh)) v of one query for each entry of the batch, in every head.
 *
 * The query stands in H rows of which each keeps one head's columns, so that products over all columns give each head's
 * scores; of the H weighted sums, each head's columns are kept again. That is H times the operations needed, and still
 * nothing beside a product of whole tokens.
 * @param q [B, D]
 * @param k [B, T, D]
 * @param v [B, T, D]
 * @returns [B, D]
 */
export function attendOnce(q: Tensor, k: Tensor, v: Tensor, heads: number): Tensor {
  const [b, d] = q.shape as readonly [number, number];
  const mask = (value: number): Tensor => constant(q.gpu, headMask(heads, d, value), [heads, d]);
  return tidy(() => {
    const rows = gather(
      q,
      Uint32Array.from({ length: b * heads }, (_, i) => Math.floor(i / heads)),
    );
    const queries = multiply(reshape(rows, [b, heads, d]), mask((d / heads) ** -0.5)); // [B, H, D]
    const weights = softmax(matmul(queries, k, { transB: true }), 2); // [B, H, T]
    return sum(multiply(matmul(weights, v), mask(1)), 1);
  });
}

/**
 * The first token after a block with full attention. Keys and values are computed for every token, the rest for the first
 * alone.
 * @param x [B, T, D]
 * @returns [B, D]
 */
export function firstOfBlock(x: Tensor, p: Block, options: Omit<BlockOptions, 'mode'>): Tensor {
  const [b, , d] = x.shape as readonly [number, number, number];
  const { heads, roundProducts } = options;
  const first = (t: Tensor): Tensor => reshape(slice(t, 1, 0, 1), [b, d]);
  return tidy(() => {
    const y = tidy(() => {
      const normed = norm(x, p.ln1);
      const part = (t: Tensor, from: number): Tensor => {
        const { weight, bias } = partOf(p.inProj, from, d);
        return linear(t, weight, { bias, roundProducts });
      };
      const attended = attendOnce(part(first(normed), 0), part(normed, d), part(normed, 2 * d), heads); // [B, D]
      return linear(attended, p.outProj.weight, { bias: p.outProj.bias, residual: first(x), roundProducts });
    });
    return mlp({ x: y }, p, options).x;
  });
}
