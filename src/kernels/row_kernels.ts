/** The kernels that reduce along the last axis, and how they are dispatched. */
import type { Dispatch, Gpu } from '../gpu/gpu.js';
import type { Knobs } from '../gpu/shader.js';
import type { Traits } from '../gpu/traits.js';
import { show } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import { chooseRow, type KernelList, type KernelRow } from './kernel_choice.js';

/** What every kernel of an op is given. */
export interface RowJob extends Pick<Dispatch, 'knobs' | 'params' | 'buffers' | 'traffic'> {
  readonly rows: number;
}

type RowKernels = KernelList<KernelRow<RowJob>>;

const hasSubgroups = ({ subgroupSize }: Traits): boolean => subgroupSize > 0;

interface RowShape {
  /** How many rows a subgroup owns and shares loads among, for kernels with the knob ROWS. */
  readonly shared?: number;
  /** Whether the kernel has the knobs V and W, and so can load four values at a time. */
  readonly wide?: boolean;
}

/** Four values a load where rows begin on four, except on adapters where that is as dear as four loads. */
function widthOfLoads(gpu: Gpu, { params }: RowJob): Knobs {
  return !gpu.traits.loadsAreExpensive && params.d! % 4 === 0 ? { V: 'vec4f', W: 4 } : {};
}

/** A subgroup owns a row, or several at once: no workgroup memory, no barrier. */
function aSubgroupARow(kernel: string, { shared, wide = true }: RowShape = {}): Omit<KernelRow<RowJob>, 'name'> {
  return {
    runsOn: hasSubgroups,
    dispatch(gpu, job) {
      const { subgroupSize: lanes } = gpu.traits;
      const { rows, knobs, ...rest } = job;
      const own: Knobs = {
        WG: Math.max(64, lanes),
        SG: lanes,
        ...(shared === undefined ? {} : { ROWS: shared }),
        ...(wide ? widthOfLoads(gpu, job) : {}),
      };
      gpu.dispatch({ ...rest, kernel, knobs: { ...own, ...knobs }, threads: Math.ceil(rows / (shared ?? 1)) * lanes });
    },
  };
}

/** A workgroup owns a row and sums in a tree: needs nothing of the adapter. */
function aWorkgroupARow(kernel: string, { wide = true }: RowShape = {}): Omit<KernelRow<RowJob>, 'name'> {
  return {
    runsOn: () => true,
    dispatch(gpu, job) {
      const { rows, knobs, ...rest } = job;
      gpu.dispatch({ ...rest, kernel, knobs: { ...(wide ? widthOfLoads(gpu, job) : {}), ...knobs }, workgroups: rows });
    },
  };
}

export const layerNormKernels: RowKernels = {
  op: 'layer_norm',
  rows: [
    {
      // Elsewhere caches serve the loads, and many small rows fill the device. More than 4 gains nothing (lavapipe 25.0).
      name: 'subgroup x4',
      ...aSubgroupARow('layer_norm.subgroup', { shared: 4 }),
      runsOn: (traits) => traits.loadsAreExpensive && hasSubgroups(traits),
    },
    { name: 'subgroup', ...aSubgroupARow('layer_norm.subgroup', { shared: 1 }) },
    { name: 'tree', ...aWorkgroupARow('layer_norm.tree') },
  ],
};

export const layerNormBackwardKernels: RowKernels = {
  op: 'layer_norm_backward',
  rows: [
    { name: 'subgroup', ...aSubgroupARow('layer_norm_backward.subgroup') },
    { name: 'tree', ...aWorkgroupARow('layer_norm_backward.tree') },
  ],
};

export const l2NormalizeKernels: RowKernels = {
  op: 'l2_normalize',
  rows: [
    { name: 'subgroup', ...aSubgroupARow('l2_normalize.subgroup') },
    { name: 'tree', ...aWorkgroupARow('l2_normalize.tree') },
  ],
};

export const l2NormalizeBackwardKernels: RowKernels = {
  op: 'l2_normalize_backward',
  rows: [
    { name: 'subgroup', ...aSubgroupARow('l2_normalize_backward.subgroup') },
    { name: 'tree', ...aWorkgroupARow('l2_normalize_backward.tree') },
  ],
};

export const cosineScoreKernels: RowKernels = {
  op: 'cosine_score',
  rows: [
    { name: 'subgroup', ...aSubgroupARow('cosine_score.subgroup', { wide: false }) },
    { name: 'tree', ...aWorkgroupARow('cosine_score.tree', { wide: false }) },
  ],
};

export const coresetKernels: RowKernels = {
  op: 'coreset',
  rows: [
    { name: 'subgroup', ...aSubgroupARow('coreset.subgroup') },
    { name: 'tree', ...aWorkgroupARow('coreset.tree') },
  ],
};

export const adapterMixKernels: RowKernels = {
  op: 'adapter_mix',
  rows: [
    { name: 'subgroup', ...aSubgroupARow('adapter_mix.subgroup') },
    { name: 'tree', ...aWorkgroupARow('adapter_mix.tree') },
  ],
};

export const adapterMixBackwardKernels: RowKernels = {
  op: 'adapter_mix_backward',
  rows: [
    { name: 'subgroup', ...aSubgroupARow('adapter_mix_backward.subgroup') },
    { name: 'tree', ...aWorkgroupARow('adapter_mix_backward.tree') },
  ],
};

/** Records the best kernel of a list. */
export function dispatchRows(gpu: Gpu, list: RowKernels, job: RowJob): void {
  chooseRow(gpu, list, job).dispatch(gpu, job);
}

/** Number and width of the rows of x [..., D]. @throws when x has no axis, or rows without values. */
export function rowsAndWidth(op: string, x: Tensor): { rows: number; d: number } {
  const d = x.shape.at(-1) ?? 0;
  if (d === 0) throw new Error(`${op}: expected rows of at least one value, got ${show(x.shape)}`);
  return { rows: x.size / d, d };
}
