import { describe, expect, it } from 'vitest';
import { Tape } from '../../src/autograd/tape.js';
import type { Gpu } from '../../src/gpu/gpu.js';
import { adapterMix } from '../../src/ops/adapter_mix.js';
import { add } from '../../src/ops/add.js';
import { l2Normalize } from '../../src/ops/l2_normalize.js';
import { layerNorm } from '../../src/ops/layer_norm.js';
import { liveTensors, read, type Tensor, tidy, upload } from '../../src/tensor/tensor.js';
import { deviceTaking } from '../devices.js';
import { poison } from '../poison.js';
import { arr } from '../reference/arr.js';

const PERIOD = 7;
const D = 2;

/** A tensor of `rows` rows that repeat after `PERIOD`. */
function periodic(gpu: Gpu, rows: number, name: string): Tensor {
  const { data } = arr([PERIOD, D], name);
  return upload(
    gpu,
    Float32Array.from({ length: rows * D }, (_, i) => data[i % data.length]!),
    [rows, D],
  );
}

const OPS: Record<string, (x: Tensor, z: Tensor, w: Tensor, b: Tensor) => Tensor> = {
  layer_norm: (x, _z, w, b) => layerNorm(x, w, b),
  l2_normalize: (x) => l2Normalize(x),
  adapter_mix: (x, z) => adapterMix(x, z, 0.3),
};

describe('row kernels', () => {
  // More workgroups than one side of a grid holds: 65535 of one row, and of eight rows.
  for (const [kernel, rows] of [
    ['tree', 66_001],
    ['subgroup', 8 * 65_535 + 4_003],
  ] as const) {
    for (const [name, op] of Object.entries(OPS)) {
      it(`of ${name} reach every one of ${rows} rows, forward and backward (${kernel})`, async () => {
        const gpu = await deviceTaking(name, kernel);
        const before = liveTensors(gpu);
        poison(gpu, true);
        try {
          const made = tidy(() => {
            const x = periodic(gpu, rows, 'x');
            const z = periodic(gpu, rows, 'z');
            const w = upload(gpu, Float32Array.of(0.5, 2), [D]);
            using tape = new Tape(add);
            tape.watch([x, z]);
            const y = tape.record(() => op(x, z, w, w));
            return [y, ...tape.backward(y, [x, z], periodic(gpu, rows, 'cotangent'))];
          });
          expect(made.filter((t) => t !== null)).toHaveLength(name === 'adapter_mix' ? 3 : 2);
          for (const t of made) {
            if (!t) continue;
            const got = await read(t);
            const period = got.subarray(0, PERIOD * D);
            expect([...period].every(Number.isFinite)).toBe(true);
            expect(got.findIndex((v, i) => v !== period[i % period.length])).toBe(-1);
            t.release();
          }
        } finally {
          poison(gpu, false);
        }
        expect(liveTensors(gpu)).toBe(before);
      });
    }
  }
});
