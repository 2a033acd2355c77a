/** Row kernels with vector loads, which only GPUs take by themselves, against the same kernels with single loads. */
import { afterAll, describe, expect, it } from 'vitest';
import { Tape } from '../../src/autograd/tape.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { openGpu } from '../../src/node/device.js';
import { adapterMix, adapterMixWithMoments } from '../../src/ops/adapter_mix.js';
import { add } from '../../src/ops/add.js';
import { l2Normalize } from '../../src/ops/l2_normalize.js';
import { layerNorm } from '../../src/ops/layer_norm.js';
import { read, type Tensor, tidy, upload } from '../../src/tensor/tensor.js';
import { normalisedError } from '../op_harness.js';
import { poison } from '../poison.js';
import { arr } from '../reference/arr.js';

const OPS: Record<string, (x: Tensor, z: Tensor, w: Tensor, b: Tensor) => Tensor> = {
  layer_norm: (x, _z, w, b) => layerNorm(x, w, b, { skip: 1, take: 3 }),
  l2_normalize: (x) => l2Normalize(x),
  adapter_mix: (x, z) => adapterMix(x, z, 0.3),
};

const put = (gpu: Gpu, shape: readonly number[], name: string): Tensor =>
  upload(gpu, Float32Array.from(arr(shape, name, 1, 0.5).data), shape);

/** Result and gradients of an op over two sequences of five rows. */
async function everything(gpu: Gpu, op: (typeof OPS)[string], d: number): Promise<Float32Array[]> {
  poison(gpu, true);
  const made = tidy(() => {
    const [x, z, w, b] = [put(gpu, [2, 5, d], 'x'), put(gpu, [2, 5, d], 'z'), put(gpu, [d], 'w'), put(gpu, [d], 'b')];
    using tape = new Tape(add);
    tape.watch([x, z]);
    const y = tape.record(() => op(x, z, w, b));
    return [y, ...tape.backward(y, [x, z], put(gpu, y.shape, 'cotangent'))].filter((t) => t !== null);
  });
  poison(gpu, false);
  const values = await Promise.all(made.map((t) => read(t)));
  for (const t of made) t.release();
  return values;
}

describe.each(['subgroup', 'tree'])('row kernels that load four values at a time (%s)', (kernel) => {
  const kernels = Object.fromEntries(Object.keys(OPS).flatMap((op) => [op, `${op}_backward`].map((o) => [o, kernel])));
  const opened: Gpu[] = [];
  const open = async (loadsAreExpensive: boolean): Promise<Gpu> => {
    const gpu = await openGpu({ kernels });
    opened.push(gpu);
    return Object.defineProperty(gpu, 'traits', { value: { ...gpu.traits, loadsAreExpensive } });
  };
  afterAll(() => {
    for (const gpu of opened) gpu[Symbol.dispose]();
  });

  it('give what those give that load one, and do so where rows begin on four values', async () => {
    const [wide, narrow] = [await open(false), await open(true)];
    // One load for a few lanes, a part of the last turn of a subgroup and of a workgroup, and the model's width.
    for (const d of [4, 36, 260, 1024]) {
      for (const [name, op] of Object.entries(OPS)) {
        const want = await everything(narrow, op, d);
        const got = await everything(wide, op, d);
        got.forEach((values, i) => {
          expect(normalisedError(values, want[i]!), `${name} ${d} ${i}`).toBeLessThan(2e-6);
        });
      }
    }
    await everything(wide, OPS.l2_normalize!, 6);
    const used = (gpu: Gpu) =>
      gpu.kernels.labels.filter((label) => label.includes('V=vec4f')).map((l) => l.split('.')[0]);
    const ops = Object.keys(kernels);
    expect([...new Set(used(wide))].sort()).toEqual(ops.sort());
    expect(used(narrow)).toEqual([]);
    expect(wide.kernels.labels.filter((label) => label.startsWith('l2_normalize.'))).toHaveLength(2);
  });

  it.each([true, false])(
    'and the mix gives the moments of its rows, where loads are expensive: %s',
    async (expensive) => {
      const gpu = await open(expensive);
      // Rows far from zero.
      const [rows, d] = [5, 36];
      const [x, z] = [arr([rows, d], 'far x', 1, 100), arr([rows, d], 'far z', 1, 3)];
      poison(gpu, true);
      const [y, moments] = tidy(() => {
        const mixed = adapterMixWithMoments(
          upload(gpu, Float32Array.from(x.data), x.shape),
          upload(gpu, Float32Array.from(z.data), z.shape),
          0.1,
        );
        expect(mixed.moments.width).toBe(d);
        return [mixed.y, mixed.moments.data] as const;
      });
      poison(gpu, false);
      const [values, got] = [await read(y), await read(moments)];
      for (let row = 0; row < rows; row++) {
        const part = values.subarray(row * d, (row + 1) * d);
        const mean = part.reduce((s, v) => s + v, 0) / d;
        expect(got[2 * row]! / mean).toBeCloseTo(1, 6);
        expect(got[2 * row + 1]! / part.reduce((s, v) => s + (v - mean) ** 2, 0)).toBeCloseTo(1, 4);
      }
      y.release();
      moments.release();
    },
  );
});
