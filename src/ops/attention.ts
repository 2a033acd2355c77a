/** Multi-head self-attention, flash style: no score matrix is ever stored. */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import type {
  AttentionBackwardJob,
  AttentionBackwardRow,
  AttentionJob,
  AttentionRow,
  AttentionShape,
} from '../kernels/attention_job.js';
import { attentionBackwardKernels, attentionKernels } from '../kernels/attention_kernels.js';
import { chooseRow } from '../kernels/kernel_choice.js';
import { show } from '../tensor/shape.js';
import { empty, type Tensor } from '../tensor/tensor.js';

/**
 * What attends to what:
 * - `full`: every token to every token of its image;
 * - `causal`: every token to those up to itself;
 * - `vv_token`: V-V attention as papers describe it, softmax(v vᵀ scale) v over the tokens of an image;
 * - `vv_batch`: V-V attention as the published program runs it, the same over the *batch* for each token position;
 * - `vv_beside`: as `vv_token`, of the values that stand beside queries and keys; it has no gradient.
 */
export type AttentionMode = 'full' | 'causal' | 'vv_token' | 'vv_batch' | 'vv_beside';

export interface AttentionAttrs {
  readonly heads: number;
  readonly mode: AttentionMode;
}

/** Widest head the kernels hold in a lane or thread. */
const MAX_HEAD = 128;

/** The problem as kernels see it. */
function plan(qkv: Tensor, { heads, mode }: AttentionAttrs): AttentionShape {
  const [batch, tokens, stride] = qkv.shape;
  const acrossBatch = mode === 'vv_batch';
  const alone = acrossBatch || mode === 'vv_token';
  if (qkv.rank !== 3 || stride! % ((alone ? 1 : 3) * heads) !== 0) {
    throw new Error(`attention: expected [B, T, ${alone ? '' : '3 * '}${heads} * head width], got ${show(qkv.shape)}`);
  }
  const width = alone ? stride! : stride! / 3;
  const values = alone ? 0 : 2 * width;
  const vv = alone || mode === 'vv_beside';
  const head = width / heads;
  if (head % 8 !== 0 || head === 0 || head > MAX_HEAD) {
    throw new Error(`attention: width of a head: expected a multiple of 8 up to ${MAX_HEAD}, got ${head}`);
  }
  const [sequences, length] = acrossBatch ? [tokens!, batch!] : [batch!, tokens!];
  return {
    ...{ sequences, length, heads, head },
    row: acrossBatch ? tokens! : 1,
    batch: acrossBatch ? 1 : tokens!,
    stride: stride!,
    q: vv ? values : 0,
    k: vv ? values : width,
    v: values,
    causal: mode === 'causal',
  };
}

export const attentionOp: Op<AttentionAttrs> = {
  name: 'attention',
  forward([qkv], attrs, [needs]) {
    const { gpu } = qkv!;
    if (needs && attrs.mode === 'vv_beside') throw new Error('attention: vv_beside has no gradient: use vv_token');
    const shape = plan(qkv!, attrs);
    const [b, t] = qkv!.shape as readonly [number, number, number];
    const out = empty(gpu, [b, t, shape.heads * shape.head]);
    const lse = empty(gpu, [shape.sequences, shape.heads, shape.length]);
    const job = { ...shape, qkv: qkv!, out, lse };
    chooseRow<AttentionJob, AttentionRow>(gpu, attentionKernels, job).dispatch(gpu, job);
    return { out, saved: needs ? [qkv!, out, lse] : [] };
  },
  vjp(dy, [qkv, out, lse], attrs) {
    const { gpu } = dy;
    const dqkv = empty(gpu, qkv!.shape);
    const job = { ...plan(qkv!, attrs), qkv: qkv!, out: out!, lse: lse!, dy, dqkv };
    chooseRow<AttentionBackwardJob, AttentionBackwardRow>(gpu, attentionBackwardKernels, job).dispatch(gpu, job);
    return [dqkv];
  },
};

/**
 * softmax(q kᵀ / sqrt(Dh)) v in every head (Vaswani et al. 2017), by online softmax over blocks of keys; the backward
 * pass recomputes the weights from the saved log-sum-exp (Dao et al. 2022).
 * @param qkv [B, T, 3 D]: queries, keys and values side by side; head h owns columns h * Dh .. (h + 1) * Dh of each.
 *   In V-V attention the values alone, [B, T, D]; all three for `vv_beside`
 * @param attrs heads, D = heads * Dh with Dh a multiple of 8 up to 128, and what attends to what
 * @returns [B, T, D]
 * @throws when the columns do not split into that many heads of q, k and v, or of v alone
 */
export function attention(qkv: Tensor, attrs: AttentionAttrs): Tensor {
  return apply(attentionOp, [qkv], attrs);
}
