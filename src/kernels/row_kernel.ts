/** How kernels that reduce along the last axis are dispatched. */
import type { Dispatch, Gpu } from '../gpu/gpu.js';
import { foldGrid, show } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';

/** The stems of a kernel's two forms. */
export interface RowKernel {
  /** A subgroup owns a row: no workgroup memory, no barrier. */
  readonly subgroup: string;
  /** A workgroup owns a row and sums in a tree: needs nothing of the adapter. */
  readonly tree: string;
}

/**
 * Chooses the form for the adapter and the grid for `rows` rows.
 * @param shared rows a subgroup takes at once on CPU adapters; for kernels with the knob ROWS, whose rows share loads
 */
export function rowKernel(
  gpu: Gpu,
  forms: RowKernel,
  rows: number,
  shared?: number,
): Pick<Dispatch, 'kernel' | 'grid'> & { readonly knobs: Readonly<Record<string, number>> } {
  const { subgroupSize, adapterClass } = gpu.traits;
  if (subgroupSize === 0) return { kernel: forms.tree, knobs: {}, grid: foldGrid(rows) };
  const workgroup = Math.max(64, subgroupSize);
  // Loads are dear where a subgroup is one CPU vector; elsewhere caches serve them and many small rows fill the device.
  const each = shared !== undefined && adapterClass === 'cpu' ? shared : 1;
  return {
    kernel: forms.subgroup,
    knobs: { WG: workgroup, SG: subgroupSize, ...(shared === undefined ? {} : { ROWS: each }) },
    grid: foldGrid(Math.ceil(rows / ((workgroup / subgroupSize) * each))),
  };
}

/** Number and width of the rows of x [..., D]. @throws when x has no axis or rows of nothing. */
export function rowsOf(op: string, x: Tensor): { rows: number; d: number } {
  const d = x.shape.at(-1) ?? 0;
  if (d === 0) throw new Error(`${op}: expected rows of at least one value, got ${show(x.shape)}`);
  return { rows: x.size / d, d };
}
