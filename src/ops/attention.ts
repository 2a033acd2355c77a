/** Multi-head self-attention, flash style: no score matrix is ever stored. */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import type { Gpu } from '../gpu/gpu.js';
import { attentionBackwardKernels, attentionKernels } from '../kernels/attention_kernels.js';
import { chooseRow } from '../kernels/kernel_choice.js';
import { show } from '../tensor/shape.js';
import { empty, type Tensor } from '../tensor/tensor.js';

/**
 * What attends to what:
 * - `full`: every token to every token of its image;
 * - `causal`: every token to those up to itself;
 * - `vv_token`: V-V attention as papers describe it, softmax(v vᵀ scale) v over the tokens of an image;
 * - `vv_batch`: V-V attention as the published program runs it, the same over the *batch* for each token position.
 */
export type AttentionMode = 'full' | 'causal' | 'vv_token' | 'vv_batch';

export interface AttentionAttrs {
  readonly heads: number;
  readonly mode: AttentionMode;
}

/** Widest head the kernels hold in a lane or thread. */
const MAX_HEAD = 128;

/** The problem as kernels see it: sequences of `length` tokens; token t of sequence z is row z*batch + t*row of qkv. */
interface Plan {
  readonly gpu: Gpu;
  readonly width: number;
  readonly sequences: number;
  readonly length: number;
  /** Columns of the input where queries, keys and values begin; all 0 in V-V attention, whose input is the values. */
  readonly q: number;
  readonly k: number;
  readonly v: number;
  readonly heads: number;
  /** Width of a head. */
  readonly head: number;
  /** What every kernel is given. */
  readonly common: Readonly<Record<string, number>>;
  /** Operations of one product of the L x L scores with a matrix as wide as a head, all heads and sequences. */
  readonly product: number;
}

function plan(qkv: Tensor, { heads, mode }: AttentionAttrs): Plan {
  const [batch, tokens, stride] = qkv.shape;
  const acrossBatch = mode === 'vv_batch';
  const vv = acrossBatch || mode === 'vv_token';
  if (qkv.rank !== 3 || stride! % ((vv ? 1 : 3) * heads) !== 0) {
    throw new Error(`attention: expected [B, T, ${vv ? '' : '3 * '}${heads} * head width], got ${show(qkv.shape)}`);
  }
  const width = vv ? stride! : stride! / 3;
  const head = width / heads;
  if (head % 8 !== 0 || head === 0 || head > MAX_HEAD) {
    throw new Error(`attention: width of a head: expected a multiple of 8 up to ${MAX_HEAD}, got ${head}`);
  }
  const { gpu } = qkv;
  const [sequences, length] = acrossBatch ? [tokens!, batch!] : [batch!, tokens!];
  const causal = mode === 'causal';
  return {
    gpu,
    width,
    sequences,
    length,
    q: 0,
    k: vv ? 0 : width,
    v: vv ? 0 : 2 * width,
    heads,
    head,
    common: {
      length,
      heads,
      width: head,
      row: acrossBatch ? tokens! : 1,
      batch: acrossBatch ? 1 : tokens!,
      stride: stride!,
      causal: causal ? 1 : 0,
      scale: head ** -0.5,
    },
    product: (causal ? 1 : 2) * sequences * length * length * width,
  };
}

/** Reads q, k, v and writes out [B, T, D] and the log-sum-exp of every row of scores. */
function run(p: Plan, qkv: Tensor, out: Tensor, lse: Tensor): void {
  const { sequences, heads, length, head } = p;
  const job = {
    ...{ sequences, heads, length, head },
    params: { ...p.common, q: p.q, k: p.k, v: p.v },
    buffers: { qkv, out, lse },
    flops: 2 * p.product,
    traffic: qkv.bytes + out.bytes + lse.bytes,
  };
  chooseRow(p.gpu, attentionKernels, job).dispatch(p.gpu, job);
}

/** delta = rowsum(dy * out) of every head. */
function rowDots(p: Plan, dy: Tensor, out: Tensor): Tensor {
  const delta = empty(p.gpu, [p.sequences, p.heads, p.length]);
  const { length, heads, width, row, batch } = p.common;
  p.gpu.dispatch({
    kernel: 'attention_backward_delta',
    params: { size: delta.size, length: length!, heads: heads!, width: width!, row: row!, batch: batch! },
    buffers: { dy, out, delta },
    threads: delta.size,
    traffic: dy.bytes + out.bytes + delta.bytes,
  });
  return delta;
}

/** Gradient of the input; in V-V attention the three parts add up. */
function backward(p: Plan, dy: Tensor, qkv: Tensor, out: Tensor, lse: Tensor): Tensor {
  const { sequences, heads, length, head } = p;
  const delta = rowDots(p, dy, out);
  const dqkv = empty(p.gpu, qkv.shape);
  const values = { at: p.v, stride: p.common.stride!, buffer: qkv };
  const cotangent = { at: 0, stride: p.width, buffer: dy };
  type Side = typeof values;
  const part = (ofValues: boolean, keys: boolean, x: number, y: number, mate: Side, other: Side, to: number): void => {
    const job = {
      ...{ sequences, heads, length, head },
      knobs: { VALUES: ofValues },
      params: {
        ...p.common,
        x,
        y,
        mate: mate.at,
        mate_stride: mate.stride,
        other: other.at,
        other_stride: other.stride,
        to,
        keys: keys ? 1 : 0,
        // In V-V attention all parts have one place; that of the queries comes first.
        add: keys && p.q === p.v ? 1 : 0,
      },
      buffers: { qkv, mate: mate.buffer, other: other.buffer, lse, delta, dqkv },
      flops: (ofValues ? 2 : 3) * p.product,
      traffic: qkv.bytes + dy.bytes,
    };
    chooseRow(p.gpu, attentionBackwardKernels, job).dispatch(p.gpu, job);
  };
  part(false, false, p.q, p.k, cotangent, values, p.q);
  part(false, true, p.k, p.q, values, cotangent, p.k);
  part(true, true, p.k, p.q, values, cotangent, p.v);
  return dqkv;
}

export const attentionOp: Op<AttentionAttrs> = {
  name: 'attention',
  forward([qkv], attrs, [needs]) {
    const p = plan(qkv!, attrs);
    const [b, t] = qkv!.shape as readonly [number, number, number];
    const out = empty(p.gpu, [b, t, p.width]);
    const lse = empty(p.gpu, [p.sequences, attrs.heads, p.length]);
    run(p, qkv!, out, lse);
    return { out, saved: needs ? [qkv!, out, lse] : [] };
  },
  vjp(dy, [qkv, out, lse], attrs) {
    return [backward(plan(qkv!, attrs), dy, qkv!, out!, lse!)];
  },
};

/**
 * softmax(q kᵀ / sqrt(Dh)) v in every head (Vaswani et al. 2017), by online softmax over blocks of keys; the backward
 * pass recomputes the weights from the saved log-sum-exp (Dao et al. 2022).
 * @param qkv [B, T, 3 D]: queries, keys and values side by side; head h owns columns h * Dh .. (h + 1) * Dh of each.
 *   In V-V attention the values alone, [B, T, D]
 * @param attrs heads, D = heads * Dh with Dh a multiple of 8 up to 128, and what attends to what
 * @returns [B, T, D]
 * @throws when the columns do not split into that many heads of q, k and v, or of v alone
 */
export function attention(qkv: Tensor, attrs: AttentionAttrs): Tensor {
  return apply(attentionOp, [qkv], attrs);
}
