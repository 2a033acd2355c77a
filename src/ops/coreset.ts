/** The core set of many rows, for inference: few of them, chosen so that every row is near one of them. */
import { recording } from '../autograd/tape.js';
import { coresetKernels, dispatchRows, rowsAndWidth } from '../kernels/row_kernels.js';
import { empty, type Tensor, tidy, upload } from '../tensor/tensor.js';

/**
 * Greedy k-center: beginning with one row, the row farthest from all rows chosen so far is chosen next (Gonzalez 1985; for
 * memories of patch features Roth et al., PatchCore, 2022). The farthest row is at most twice as far from the set as from the
 * best set of that size, in Euclidean distance. No step waits for the host. It has no gradient.
 * @param rows [..., C], unit rows
 * @param n rows to choose
 * @param first row to begin with, which the caller draws by a seed
 * @returns [n] words of u32: the rows in the order they were chosen, all different
 * @throws when there are fewer rows than that, or while a tape records
 */
export function coreset(rows: Tensor, n: number, first: number): Tensor {
  const { rows: count, d } = rowsAndWidth('coreset', rows);
  if (!Number.isInteger(n) || n < 1 || n > count) {
    throw new Error(`coreset: expected 1 to ${count} rows to choose, as many as there are, got ${n}`);
  }
  if (!Number.isInteger(first) || first < 0 || first >= count) {
    throw new Error(`coreset: expected a row from 0 to ${count - 1} to begin with, got ${first}`);
  }
  if (recording()) throw new Error('coreset: has no gradient: choose rows before a tape records');
  const { gpu } = rows;
  return tidy(() => {
    const begun = new Uint32Array(n);
    begun[0] = first;
    const chosen = upload(gpu, begun, [n]);
    const near = empty(gpu, [count]);
    for (let step = 0; step < n - 1; step++) {
      dispatchRows(gpu, coresetKernels, {
        rows: count,
        knobs: { FIRST: step === 0 },
        params: { rows: count, d, step },
        buffers: { x: rows, chosen, near },
        traffic: rows.bytes + 8 * count,
      });
      gpu.dispatch({
        kernel: 'coreset_pick',
        params: { rows: count, step },
        buffers: { near, chosen },
        workgroups: 1,
        traffic: 4 * count,
      });
    }
    return chosen;
  });
}
