/** One axis times a banded matrix: interpolation, antialiased resizing, blur, or several of them at once. */

import type { Op } from '../autograd/op.js';
import { apply } from '../autograd/tape.js';
import type { Gpu } from '../gpu/gpu.js';
import type { Binding } from '../gpu/stream.js';
import { type ResampleTable, transposeTable } from '../kernels/resample_table.js';
import { resident } from '../tensor/resident.js';
import { around, show } from '../tensor/shape.js';
import { empty, type Tensor } from '../tensor/tensor.js';

const transposed = new WeakMap<ResampleTable, ResampleTable>();

/** The transposed table; the same object every time, so that it stays on the device. */
function transposeOf(table: ResampleTable): ResampleTable {
  let t = transposed.get(table);
  if (!t) {
    t = transposeTable(table);
    transposed.set(table, t);
  }
  return t;
}

/** Starts, counts, weights, one after the other. */
function onDevice(gpu: Gpu, table: ResampleTable): Binding {
  return resident(gpu, table, () => {
    const { outSize, start, count, weights } = table;
    const words = new Uint32Array(2 * outSize + weights.length);
    words.set(start);
    words.set(count, outSize);
    new Float32Array(words.buffer).set(weights, 2 * outSize);
    return words;
  });
}

function run(x: Tensor, axis: number, table: ResampleTable): Tensor {
  const { inner } = around(x.shape, axis);
  const y = empty(
    x.gpu,
    x.shape.map((d, i) => (i === axis ? table.outSize : d)),
  );
  x.gpu.dispatch({
    kernel: 'resample',
    params: { size: y.size, in_length: table.inSize, out_length: table.outSize, inner, max_taps: table.maxTaps },
    buffers: { x, table: onDevice(x.gpu, table), y },
    threads: y.size,
    flops: 2 * y.size * table.maxTaps,
    traffic: 4 * (x.size + y.size),
  });
  return y;
}

export const resampleOp: Op<{ readonly axis: number; readonly table: ResampleTable }> = {
  name: 'resample',
  forward([x], { axis, table }) {
    if (around(x!.shape, axis).length !== table.inSize) {
      throw new Error(`resample: expected ${table.inSize} samples along axis ${axis}, got ${show(x!.shape)}`);
    }
    return { out: run(x!, axis, table), saved: [] };
  },
  vjp(dy, _saved, { axis, table }) {
    return [run(dy, axis, transposeOf(table))];
  },
};

/**
 * Resamples one axis.
 * @param table keep it and pass it again: its device copy lives as long as it does
 * @throws when the axis does not have as many samples as the table has inputs
 */
export function resample(x: Tensor, axis: number, table: ResampleTable): Tensor {
  return apply(resampleOp, [x], { axis, table });
}

/** Resamples the last two axes: x [..., H, W] to [..., rows.outSize, columns.outSize]. */
export function resize2d(x: Tensor, rows: ResampleTable, columns: ResampleTable): Tensor {
  return resample(resample(x, x.rank - 2, rows), x.rank - 1, columns);
}
