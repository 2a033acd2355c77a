/** The kernels of attention, forward and backward, and how they are dispatched. */
import type { Dispatch } from '../gpu/gpu.js';
import type { Knobs } from '../gpu/shader.js';
import type { Traits } from '../gpu/traits.js';
import type { KernelList, KernelRow } from './kernel_choice.js';
import { panelsPay } from './packing.js';

/** What every kernel of an op is given. */
export interface AttentionJob extends Pick<Dispatch, 'knobs' | 'params' | 'buffers' | 'flops' | 'traffic'> {
  readonly sequences: number;
  readonly heads: number;
  /** Tokens of a sequence. */
  readonly length: number;
  /** Width of a head. */
  readonly head: number;
}

type AttentionKernels = KernelList<KernelRow<AttentionJob>>;

/** A row whose threads own `each` tokens of a head and stream the others past them. */
function aThreadATile(
  kernel: string,
  each: number,
  own: (traits: Traits, head: number) => Knobs,
): Omit<KernelRow<AttentionJob>, 'name' | 'runsOn'> {
  return {
    dispatch(gpu, { sequences, heads, length, head, knobs, ...job }) {
      gpu.dispatch({
        ...job,
        kernel,
        knobs: { ...own(gpu.traits, head), ...knobs },
        threads: [Math.ceil(length / each), heads, sequences],
      });
    },
  };
}

/** A subgroup owns four tokens in each lane: no workgroup memory, no barrier. */
const panel = (kernel: string): KernelRow<AttentionJob> => ({
  name: 'panel',
  runsOn: panelsPay,
  ...aThreadATile(kernel, 4, (traits, head) => ({ SG: traits.subgroupSize, DH: head })),
});

/** A thread owns a token; the others pass through workgroup memory, half as many if two tiles would exceed 16 KiB. */
const tile = (kernel: string): KernelRow<AttentionJob> => ({
  name: 'tile',
  runsOn: () => true,
  ...aThreadATile(kernel, 1, (_, head) => ({ DH: head, BK: head > 64 ? 8 : 16 })),
});

export const attentionKernels: AttentionKernels = {
  op: 'attention',
  rows: [panel('attention.panel'), tile('attention.tile')],
};

export const attentionBackwardKernels: AttentionKernels = {
  op: 'attention_backward',
  rows: [panel('attention_backward.panel'), tile('attention_backward.tile')],
};
