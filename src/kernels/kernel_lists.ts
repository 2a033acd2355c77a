/** All lists of kernels, for `aaclip info`, reports, tests and benchmarks. */
import type { Gpu } from '../gpu/gpu.js';
import type { Traits } from '../gpu/traits.js';
import { attentionBackwardKernels, attentionKernels } from './attention_kernels.js';
import { matmulKernels } from './gemm.js';
import { chooseRow, type KernelList, type KernelRow } from './kernel_choice.js';
import {
  adapterMixBackwardKernels,
  adapterMixKernels,
  coresetKernels,
  cosineScoreKernels,
  l2NormalizeBackwardKernels,
  l2NormalizeKernels,
  layerNormBackwardKernels,
  layerNormKernels,
} from './row_kernels.js';

export const kernelLists: readonly KernelList<KernelRow<never>>[] = [
  matmulKernels,
  attentionKernels,
  attentionBackwardKernels,
  layerNormKernels,
  layerNormBackwardKernels,
  l2NormalizeKernels,
  l2NormalizeBackwardKernels,
  adapterMixKernels,
  adapterMixBackwardKernels,
  cosineScoreKernels,
  coresetKernels,
];

/** The kernel a device takes for each op, by the names of their rows. */
export function chosenKernels(gpu: Gpu): Record<string, string> {
  return Object.fromEntries(kernelLists.map((list) => [list.op, chooseRow(gpu, list).name]));
}

/**
 * Choices for `GpuOptions.kernels` that together cover every kernel that runs on an adapter: the n-th choice takes the
 * n-th kernel of every op, or its last. The first is the default.
 */
export function kernelChoices(traits: Traits): Record<string, string>[] {
  const names = kernelLists.map(
    ({ op, rows }) => [op, rows.filter((r) => !r.coarse && r.runsOn(traits)).map((r) => r.name)] as const,
  );
  const most = Math.max(...names.map(([, list]) => list.length));
  return Array.from({ length: most }, (_, n) =>
    Object.fromEntries(names.map(([op, list]) => [op, list[Math.min(n, list.length - 1)]!])),
  );
}
