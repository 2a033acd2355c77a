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

/** What the gradients need of every row, [sequences, heads, length] each. */
export interface RowFacts {
  /** rowsum(dy * out), which softmax's gradient subtracts along a row. */
  readonly delta: Tensor;
  /** The largest |dy|. */
  readonly peaks: Tensor;
}

/** Computes the facts of all rows. */
export function factsOfRows(gpu: Gpu, job: AttentionBackwardJob): RowFacts {
  const { sequences, heads, length, head, row, batch, dy, out } = job;
  const delta = empty(gpu, [sequences, heads, length]);
  const peaks = empty(gpu, delta.shape);
  gpu.dispatch({
    kernel: 'attention_backward_delta',
    params: { size: delta.size, length, heads, width: head, row, batch },
    buffers: { dy, out, delta, peaks },
    threads: delta.size,
    traffic: dy.bytes + out.bytes + delta.bytes + peaks.bytes,
  });
  return { delta, peaks };
}

/**
 * The two dispatches of kernels that give the gradient of queries, and those of keys and values at once, but for kernel
 * and grid. With KEYS own rows are keys. The partner of a query is its row of dy, that of a key its value.
 */
export function gradientsByKeys(job: AttentionBackwardJob, { delta }: RowFacts) {
  const { q, k, v, stride, qkv, dy, lse, dqkv } = job;
  const values = { at: v, stride, buffer: qkv };
  const cotangent = { at: 0, stride: job.heads * job.head, buffer: dy };
  return [false, true].map((keys) => {
    const [mate, other] = keys ? [values, cotangent] : [cotangent, values];
    return {
      knobs: { KEYS: keys },
      params: {
        ...commonParams(job),
        x: keys ? k : q,
        y: keys ? q : k,
        mate: mate.at,
        mate_stride: mate.stride,
        other: other.at,
        other_stride: other.stride,
        to: keys ? k : q,
        to_values: v,
        // In V-V attention all gradients have one place, and that of queries comes first.
        add: keys && q === v ? 1 : 0,
      },
      buffers: { qkv, mate: mate.buffer, other: other.buffer, lse, delta, dqkv },
      flops: (keys ? 4 : 3) * productOf(job),
      traffic: qkv.bytes + dy.bytes + dqkv.bytes / 3,
    };
  });
}
