import { bilinearTable, type ResampleTable } from '../kernels/resample_table.js';
import { resample } from '../ops/resample.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass } from './op_case.js';

/** One axis times a banded matrix: the rows, then the columns of a map at the size of the picture. */
export const resampleCase: OpCase<{ x: Tensor }, { readonly axis: number; readonly table: ResampleTable }> = {
  name: 'resample',
  run: ({ x }, { axis, table }) => resample(x, axis, table),
  sizes: ({ grid, picture }) => {
    const table = bilinearTable(grid, picture);
    return [grid, picture].map((side, step) => {
      const [x, y] =
        step === 0
          ? [
              [2, side, side],
              [2, picture, side],
            ]
          : [
              [2, side, grid],
              [2, side, picture],
            ];
      return {
        name: `bilinear ${step === 0 ? 'rows' : 'columns'}, ${grid} to ${picture}`,
        inputs: { x: { shape: x } },
        attrs: () => ({ axis: 1 + step, table }),
        forward: pass(4, y, x),
        backward: pass(4, y, x),
      };
    });
  },
};
