/** C = op(A) op(B), plain or batched. */
import type { Needs, Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import { gemm } from '../kernels/gemm.js';
import { show } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

interface MatmulAttrs {
  readonly transA: boolean;
  readonly transB: boolean;
  /** Lets the second factor be rounded to f16, in the backward pass too. */
  readonly roundProducts: boolean;
}

interface Dims {
  readonly batch: number;
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly lead: readonly number[];
}

function dims(a: Tensor, b: Tensor, { transA, transB }: Pick<MatmulAttrs, 'transA' | 'transB'>): Dims {
  const lead = a.shape.slice(0, -2);
  const [m, k] = transA ? [a.dim(-1), a.dim(-2)] : [a.dim(-2), a.dim(-1)];
  const [kb, n] = transB ? [b.dim(-1), b.dim(-2)] : [b.dim(-2), b.dim(-1)];
  if (k !== kb || show(lead) !== show(b.shape.slice(0, -2))) {
    const sides = `${show(a.shape)}${transA ? 'ᵀ' : ''} and ${show(b.shape)}${transB ? 'ᵀ' : ''}`;
    throw new Error(`matmul: expected equal batches and inner widths, got ${sides}`);
  }
  return { batch: lead.reduce((x, y) => x * y, 1), m, n, k, lead };
}

const product = (
  a: Tensor,
  transA: boolean,
  b: Tensor,
  transB: boolean,
  d: Omit<Dims, 'lead'> & { readonly round: boolean; readonly gradient?: 'a' | 'b' },
  shape: readonly number[],
) => gemm({ ...d, a, transA, b, transB }).view(shape);

export const matmulOp: Op<MatmulAttrs> = {
  name: 'matmul',
  forward([a, b], attrs, needs: Needs) {
    const d = dims(a!, b!, attrs);
    const out = product(a!, attrs.transA, b!, attrs.transB, { ...d, round: attrs.roundProducts }, [
      ...d.lead,
      d.m,
      d.n,
    ]);
    return { out, saved: needs.includes(true) ? [a!, b!] : [] };
  },
  vjp(dc, [a, b], attrs, needs) {
    const { transA, transB, roundProducts: round } = attrs;
    const { batch, m, n, k } = dims(a!, b!, attrs);
    // dA = dC op(B)ᵀ and dB = op(A)ᵀ dC, each transposed once more where the operand was.
    const da = !needs[0]
      ? null
      : transA
        ? product(b!, transB, dc, true, { batch, m: k, n: m, k: n, round, gradient: 'b' }, a!.shape)
        : product(dc, false, b!, !transB, { batch, m, n: k, k: n, round, gradient: 'a' }, a!.shape);
    const db = !needs[1]
      ? null
      : transB
        ? product(dc, true, a!, transA, { batch, m: n, n: k, k: m, round, gradient: 'a' }, b!.shape)
        : product(a!, !transA, dc, false, { batch, m: k, n, k: m, round, gradient: 'b' }, b!.shape);
    return [da, db];
  },
};

/**
 * Matrix product over the last two axes; leading axes are a batch and equal in both.
 * @param a [..., M, K], or [..., K, M] with `transA`
 * @param b [..., K, N], or [..., N, K] with `transB`
 * @returns [..., M, N]
 */
export function matmul(a: Tensor, b: Tensor, options: Partial<MatmulAttrs> = {}): Tensor {
  const { transA = false, transB = false, roundProducts = false } = options;
  return apply(matmulOp, [a, b], { transA, transB, roundProducts });
}
