/** Rows of a table by index: embeddings, the row at the end of a text. */
import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import { show } from '../tensor/shape.js';
import { empty, type Tensor, upload } from '../tensor/tensor.js';

/** For each row the list of places that took it: places[start[r]] up to start[r + 1]. */
export interface RowLists {
  readonly start: Uint32Array;
  readonly places: Uint32Array;
}

/** Inverts "place n took row indices[n]", with the places of a row in rising order (a counting sort). */
export function invertIndex(indices: Uint32Array, rows: number): RowLists {
  const start = new Uint32Array(rows + 1);
  for (const r of indices) start[r + 1]!++;
  for (let r = 0; r < rows; r++) start[r + 1]! += start[r]!;
  const next = start.slice();
  const places = new Uint32Array(indices.length);
  indices.forEach((r, n) => {
    places[next[r]!] = n;
    next[r]!++;
  });
  return { start, places };
}

function run(x: Tensor, rows: number, { start, places }: RowLists): Tensor {
  const { gpu } = x;
  const width = x.dim(1);
  const y = empty(gpu, [rows, width]);
  gpu.dispatch({
    kernel: 'gather',
    params: { size: y.size, width },
    buffers: { x, start: upload(gpu, start, [start.length]), places: upload(gpu, places, [places.length]), y },
    threads: y.size,
    traffic: 4 * (places.length * width + y.size),
  });
  return y;
}

export const gatherOp: Op<{ readonly indices: Uint32Array; readonly rows: number }> = {
  name: 'gather',
  forward([table], { indices }) {
    const one = Uint32Array.from({ length: indices.length + 1 }, (_, n) => n);
    return { out: run(table!, indices.length, { start: one, places: indices }), saved: [] };
  },
  // Every row sums the cotangents of the places that took it, in their order: no atomics, the same sum every time.
  vjp(dy, _saved, { indices, rows }) {
    return [run(dy, rows, invertIndex(indices, rows))];
  },
};

/**
 * y[n] = table[indices[n]].
 * @param table [R, D]
 * @param indices N rows; any may come several times
 * @returns [N, D]
 * @throws when an index lies outside the table
 */
export function gather(table: Tensor, indices: Uint32Array): Tensor {
  if (table.rank !== 2) throw new Error(`gather: expected a table [R, D], got ${show(table.shape)}`);
  const rows = table.dim(0);
  if (indices.length === 0) throw new Error('gather: expected at least one index, got none');
  const bad = indices.findIndex((r) => r >= rows);
  if (bad >= 0) {
    throw new Error(`gather: index ${indices[bad]} at place ${bad}: expected less than the table's ${rows} rows`);
  }
  return apply(gatherOp, [table], { indices, rows });
}
