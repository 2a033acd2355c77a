/** Attention kernels without matrix units: a lane or thread owns tokens of a head and the others stream past them. */
import type { Gpu } from '../gpu/gpu.js';
import type { Knobs } from '../gpu/shader.js';
import { tidy } from '../tensor/tensor.js';
import {
  type AttentionBackwardJob,
  type AttentionBackwardRow,
  type AttentionRow,
  type AttentionShape,
  commonParams,
  factsOfRows,
  forwardDispatch,
  gradientsByKeys,
  productOf,
} from './attention_job.js';
import { backwardStream, forwardStream, streamTile } from './attention_tiles.js';
import { panelsPay } from './packing.js';

const panelKnobs = (gpu: Gpu, head: number): Knobs => ({ SG: gpu.traits.subgroupSize, DH: head });

/** Threads where each owns this many tokens. */
const grid = (each: number, { length, heads, sequences }: AttentionShape) =>
  [Math.ceil(length / each), heads, sequences] as const;

/** A subgroup owns eight tokens in each lane: no workgroup memory, no barrier. */
export const panelAttention: AttentionRow = {
  name: 'panel',
  runsOn: panelsPay,
  dispatch: (gpu, job) =>
    gpu.dispatch({
      ...forwardDispatch(job),
      kernel: 'attention.panel',
      knobs: panelKnobs(gpu, job.head),
      threads: grid(8, job),
    }),
};

/** A thread owns a query; keys and values pass through workgroup memory, a block of them at a time. */
export const tileAttention: AttentionRow = {
  name: 'tile',
  runsOn: () => true,
  dispatch: (gpu, job) =>
    gpu.dispatch({
      ...forwardDispatch(job),
      kernel: 'attention.tile',
      knobs: { ...streamTile(gpu, forwardStream, job.head), DH: job.head },
      threads: grid(1, job),
    }),
};

/** The gradients of queries, keys and values, one after the other. */
function panelGradients(gpu: Gpu, job: AttentionBackwardJob): void {
  const { q, k, v, stride, qkv, dy, lse, dqkv } = job;
  const values = { at: v, stride, buffer: qkv };
  const cotangent = { at: 0, stride: job.heads * job.head, buffer: dy };
  tidy(() => {
    const { delta } = factsOfRows(gpu, job);
    for (const part of ['queries', 'keys', 'values'] as const) {
      const keys = part !== 'queries';
      const [mate, other] = keys ? [values, cotangent] : [cotangent, values];
      gpu.dispatch({
        kernel: 'attention_backward.panel',
        knobs: { ...panelKnobs(gpu, job.head), VALUES: part === 'values' },
        params: {
          ...commonParams(job),
          x: keys ? k : q,
          y: keys ? q : k,
          mate: mate.at,
          mate_stride: mate.stride,
          other: other.at,
          other_stride: other.stride,
          to: { queries: q, keys: k, values: v }[part],
          keys: keys ? 1 : 0,
          add: keys && q === v ? 1 : 0,
        },
        buffers: { qkv, mate: mate.buffer, other: other.buffer, lse, delta, dqkv },
        threads: grid(4, job),
        flops: (part === 'values' ? 2 : 3) * productOf(job),
        traffic: qkv.bytes + dy.bytes,
      });
    }
  });
}

export const panelAttentionBackward: AttentionBackwardRow = {
  name: 'panel',
  runsOn: panelsPay,
  dispatch: panelGradients,
};

/** Two threads share a token. */
export const tileAttentionBackward: AttentionBackwardRow = {
  name: 'tile',
  runsOn: () => true,
  dispatch: (gpu, job) =>
    tidy(() => {
      for (const part of gradientsByKeys(job, factsOfRows(gpu, job))) {
        gpu.dispatch({
          ...part,
          kernel: 'attention_backward.tile',
          knobs: { ...streamTile(gpu, backwardStream, job.head), DH: job.head, ...part.knobs },
          threads: grid(0.5, job),
        });
      }
    }),
};
