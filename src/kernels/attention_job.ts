/** What attention is asked to do, and what its kernels have in common. */
import type { Gpu } from '../gpu/gpu.js';
import { empty, type Tensor } from '../tensor/tensor.js';
import type { KernelRow } from './kernel_choice.js';

/** The problem: `sequences` of `length` tokens; token t of sequence z is row z*batch + t*row of qkv and of out. */
export interface AttentionShape {
  readonly sequences: number;
  readonly length: number;
  readonly heads: number;
  /** Width of a head. */
  readonly head: number;
  readonly row: number;
  readonly batch: number;
  /** Columns of a row of qkv. */
  readonly stride: number;
  /** Columns of qkv where queries, keys and values begin; the same in V-V attention. */
  readonly q: number;
  readonly k: number;
  readonly v: number;
  /** Each token sees those up to itself. */
  readonly causal: boolean;
}

/** Reads q, k, v and writes out and the natural log-sum-exp of every row of scores, [sequences, heads, length]. */
export interface AttentionJob extends AttentionShape {
  readonly qkv: Tensor;
  readonly out: Tensor;
  readonly lse: Tensor;
}

/** Writes the gradient of qkv; where queries, keys and values are the same columns, their gradients add up there. */
export interface AttentionBackwardJob extends AttentionJob {
  readonly dy: Tensor;
  readonly dqkv: Tensor;
}

export type AttentionRow = KernelRow<AttentionJob>;
export type AttentionBackwardRow = KernelRow<AttentionBackwardJob>;

/** Parameters every kernel has. */
export function commonParams(job: AttentionShape) {
  const { length, heads, head, row, batch, stride, causal } = job;
  return { length, heads, width: head, row, batch, stride, causal: causal ? 1 : 0, scale: head ** -0.5 };
}

/** The dispatch of a forward kernel, but for its kernel, knobs and grid. */
export function forwardDispatch(job: AttentionJob) {
  const { q, k, v, qkv, out, lse } = job;
  return {
    params: { ...commonParams(job), q, k, v },
    buffers: { qkv, out, lse },
    flops: 2 * productOf(job),
    traffic: qkv.bytes + out.bytes + lse.bytes,
  };
}

/** Operations of one product of the scores of all heads and sequences with a matrix as wide as a head. */
export function productOf({ causal, sequences, length, heads, head }: AttentionShape): number {
  return (causal ? 1 : 2) * sequences * length * length * heads * head;
}

/** delta = rowsum(dy * out) of every head, [sequences, heads, length]: what softmax's gradient subtracts along a row. */
export function deltaOf(gpu: Gpu, job: AttentionBackwardJob): Tensor {
  const { sequences, heads, length, head, row, batch, dy, out } = job;
  const delta = empty(gpu, [sequences, heads, length]);
  gpu.dispatch({
    kernel: 'attention_backward_delta',
    params: { size: delta.size, length, heads, width: head, row, batch },
    buffers: { dy, out, delta },
    threads: delta.size,
    traffic: dy.bytes + out.bytes + delta.bytes,
  });
  return delta;
}
