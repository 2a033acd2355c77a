/**
 * Each barrier of a kernel is taken out in turn, and the kernel must then give wrong results on the device. For kernels that
 * the search for data races (test/house/shaders.test.ts) cannot interpret.
 */
import { describe, expect, it } from 'vitest';
import { Tape } from '../../src/autograd/tape.js';
import { Gpu } from '../../src/gpu/gpu.js';
import { FrozenMatrix } from '../../src/kernels/frozen_matrix.js';
import { kernelLists } from '../../src/kernels/kernel_lists.js';
import { nodeHost, readShaders } from '../../src/node/device.js';
import { add } from '../../src/ops/add.js';
import { attention } from '../../src/ops/attention.js';
import { layerNorm } from '../../src/ops/layer_norm.js';
import { linear } from '../../src/ops/linear.js';
import { read, type Tensor, tidy, upload } from '../../src/tensor/tensor.js';
import { deviceTaking, tests } from '../devices.js';
import { BARRIERS, barriersOf, withoutBarrier } from '../house/barriers.js';
import { normalisedError } from '../op_harness.js';
import { arr } from '../reference/arr.js';

const put = (gpu: Gpu, name: string, shape: readonly number[]): Tensor =>
  upload(gpu, Float32Array.from(arr(shape, name).data), shape);

/** Value and gradients of a function of one tensor. */
function withGradients(gpu: Gpu, shape: readonly number[], f: (x: Tensor) => Tensor): (Tensor | null)[] {
  const x = put(gpu, 'x', shape);
  using tape = new Tape(add);
  tape.watch([x]);
  const y = tape.record(() => f(x));
  return [y, ...tape.backward(y, [x], put(gpu, 'cotangent', y.shape))];
}

/** For each op, jobs of more than one tile along every side, and more than two steps along the sums. */
const JOBS: Readonly<Record<string, (gpu: Gpu) => (Tensor | null)[]>> = {
  matmul: (gpu) => {
    const exact = Float32Array.from(arr([80, 96], 'w').data, (v) => Math.round(64 * v) / 64);
    using frozen = FrozenMatrix.pack(gpu, exact, 80, 96, true);
    return [linear(put(gpu, 'x', [70, 96]), frozen)];
  },
  attention: (gpu) => [attention(put(gpu, 'x', [2, 70, 96]), { heads: 2, mode: 'full' })],
  attention_backward: (gpu) => withGradients(gpu, [2, 70, 96], (x) => attention(x, { heads: 2, mode: 'full' })),
  layer_norm: (gpu) => withGradients(gpu, [5, 300], (x) => layerNorm(x, put(gpu, 'w', [300]), put(gpu, 'b', [300]))),
};

/** The results of a job on a device, one after the other. */
async function results(gpu: Gpu, job: (gpu: Gpu) => (Tensor | null)[]): Promise<number[]> {
  const made = tidy(() => job(gpu));
  const all: number[] = [];
  for (const t of made) {
    if (!t) continue;
    all.push(...(await read(t)));
    t.release();
  }
  return all;
}

/** Largest error of a job, relative to the largest result, with the text of a kernel changed. */
async function errorWith(op: string, row: string, stem: string, change: (text: string) => string): Promise<number> {
  const plain = await deviceTaking(op, row);
  const shaders = new Map([...readShaders()].map(([name, text]) => [name, name === stem ? change(text) : text]));
  const { preferred: kernels, precision } = plain;
  const gpu = await Gpu.open({ ...(await nodeHost()), shaders }, { kernels, precision });
  try {
    const job = JOBS[op]!;
    const got = await results(gpu, job);
    expect(
      gpu.kernels.labels.some((label) => label.replace(/\[.*/, '') === stem),
      `${stem} is dispatched`,
    ).toBe(true);
    return normalisedError(got, await results(plain, job));
  } finally {
    gpu[Symbol.dispose]();
  }
}

/** A kernel that the search does interpret: here it shows that a missing barrier is seen. */
const KNOWN = 'layer_norm.tree';

/** Rows of the lists that dispatch a kernel and that this run tests. */
function rowsOf(stem: string): [op: string, row: string][] {
  const [op = '', kernel] = stem.split('.');
  const rows = kernelLists.find((list) => list.op === op)?.rows ?? [];
  return rows
    .filter(({ name }) => name.split(' ')[0] === kernel && (stem === KNOWN || tests(op, name)))
    .map(({ name }) => [op, name]);
}

const texts = readShaders();

for (const stem of [KNOWN, ...Object.keys(BARRIERS)]) {
  const text = texts.get(stem) ?? '';
  const [first] = rowsOf(stem);
  if (!first) continue;
  const [op, row] = first;
  describe(`${stem} (${op}: ${row})`, () => {
    it('gives the same results again where nothing is taken out', async () => {
      expect(await errorWith(op, row, stem, (t) => t)).toBeLessThan(1e-6);
    });

    for (let n = 0; n < barriersOf(text); n++) {
      if (BARRIERS[stem]?.unseen?.includes(n + 1)) continue;
      it(`gives wrong results without barrier ${n + 1}`, async () => {
        expect(await errorWith(op, row, stem, (t) => withoutBarrier(t, n))).toBeGreaterThan(1e-4);
      });
    }
  });
}

describe('a kernel of the list of barriers', () => {
  it.each(Object.keys(BARRIERS))('%s is one of several of an op that has a job here', (stem) => {
    const [op = '', kernel] = stem.split('.');
    expect(kernel).toBeDefined();
    expect(Object.keys(JOBS)).toContain(op);
  });
});
