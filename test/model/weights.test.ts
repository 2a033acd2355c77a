/** Loading weights: what is stored as f16 stays f16 on its way to the device. */
import { expect, it } from 'vitest';
import { packF16, unpackF16 } from '../../src/io/dtype.js';
import { rawF32 } from '../../src/io/tensor_file.js';
import type { TensorView } from '../../src/io/tensor_view.js';
import type { FrozenMatrix } from '../../src/kernels/frozen_matrix.js';
import { WeightLoader } from '../../src/model/weights.js';
import { linear } from '../../src/ops/linear.js';
import { liveTensors, read, upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { normalisedError } from '../op_harness.js';
import { arr } from '../reference/arr.js';

const [ROWS, COLUMNS] = [12, 20];
const values = unpackF16(packF16(Float32Array.from(arr([ROWS, COLUMNS], 'w', 1).data)));

/** One matrix, stored as f16 or as f32, and the ways in which it was read. */
function view(dtype: 'F16' | 'F32'): { tensors: TensorView; asFloats: string[] } {
  const asFloats: string[] = [];
  const shape = [ROWS, COLUMNS];
  const tensors: TensorView = {
    name: 'file',
    names: ['w'],
    has: (name) => name === 'w',
    shape: () => shape,
    dtype: () => dtype,
    read: async () => {
      if (dtype === 'F32') return rawF32(shape, values);
      // A file's bytes need not begin at an even place.
      const bytes = new Uint8Array(1 + 2 * values.length);
      bytes.set(new Uint8Array(packF16(values).buffer), 1);
      return { dtype, shape, bytes: bytes.subarray(1) };
    },
    readF32: async (name) => {
      asFloats.push(name);
      return values;
    },
  };
  return { tensors, asFloats };
}

it.each([false, true])(
  'f16 weights are not widened on the host, and multiply like floats (transposed: %s)',
  async (t) => {
    const gpu = await device();
    const before = liveTensors(gpu);
    const results: Float32Array[] = [];
    const k = t ? ROWS : COLUMNS;
    for (const dtype of ['F16', 'F32'] as const) {
      const { tensors, asFloats } = view(dtype);
      const shares: number[] = [];
      using loader = new WeightLoader(gpu, tensors, { onProgress: (bytes) => shares.push(bytes) });
      const weight = (await loader.matrix('w', t)) as FrozenMatrix;
      expect([weight.half, weight.n, weight.k]).toEqual([true, t ? COLUMNS : ROWS, k]);
      expect(asFloats).toEqual([]);
      expect(shares).toEqual([4 * values.length]);
      using x = upload(gpu, Float32Array.from(arr([3, k], 'x', 1).data), [3, k]);
      using y = linear(x, weight);
      results.push(await read(y));
    }
    expect(results[0]).toEqual(results[1]);
    const x = arr([3, k], 'x', 1).data;
    const want = Float32Array.from(results[0]!, (_, i) => {
      const [row, n] = [Math.floor(i / (results[0]!.length / 3)), i % (results[0]!.length / 3)];
      let sum = 0;
      for (let j = 0; j < k; j++) sum += x[row * k + j]! * values[t ? j * COLUMNS + n : n * k + j]!;
      return sum;
    });
    expect(normalisedError(results[0]!, want)).toBeLessThan(1e-6);
    expect(liveTensors(gpu), 'tensors left behind').toBe(before);
  },
);
