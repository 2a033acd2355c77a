import { expect, it } from 'vitest';
import { adamCase } from '../../src/cases/adam_case.js';
import { adamStep } from '../../src/ops/adam.js';
import { liveTensors, read, upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { normalisedError } from '../op_harness.js';
import { arr } from '../reference/arr.js';

it('three steps of Adam equal the algorithm in float64', async () => {
  const gpu = await device();
  const before = liveTensors(gpu);
  const o = { rate: 1e-2, beta1: 0.5, beta2: 0.999, eps: 1e-8 };
  const n = 131;
  const w = arr([n], 'w').data;
  const [m, v] = [new Float64Array(n), new Float64Array(n)];
  using tw = upload(gpu, Float32Array.from(w), [n]);
  using tm = upload(gpu, Float32Array.from(m), [n]);
  using tv = upload(gpu, Float32Array.from(v), [n]);
  for (let step = 1; step <= 3; step++) {
    // Some gradients are zero, some tiny: eps and the square root count there.
    const g = arr([n], `g${step}`).data.map((x, i) => (i % 7 === 0 ? 0 : i % 5 === 0 ? 1e-6 * x : x));
    using tg = upload(gpu, Float32Array.from(g), [n]);
    expect(adamCase.run({ w: tw, g: tg, m: tm, v: tv }, { step, options: o }, gpu)).toBe(tw);
    for (let i = 0; i < n; i++) {
      m[i] = o.beta1 * m[i]! + (1 - o.beta1) * g[i]!;
      v[i] = o.beta2 * v[i]! + (1 - o.beta2) * g[i]! ** 2;
      const mean = m[i]! / (1 - o.beta1 ** step);
      w[i]! -= (o.rate * mean) / (Math.sqrt(v[i]! / (1 - o.beta2 ** step)) + o.eps);
    }
  }
  expect(normalisedError(await read(tw), w)).toBeLessThan(1e-6);
  expect(normalisedError(await read(tm), m)).toBeLessThan(1e-6);
  expect(normalisedError(await read(tv), v)).toBeLessThan(1e-6);
  for (const t of [tw, tm, tv]) t.release();
  expect(liveTensors(gpu)).toBe(before);
});

it('adam refuses moments of another shape', async () => {
  const gpu = await device();
  using w = upload(gpu, new Float32Array(4), [4]);
  using m = upload(gpu, new Float32Array(3), [3]);
  expect(() => adamStep(w, w, m, w, 1, { rate: 1, beta1: 0.5, beta2: 0.9, eps: 1e-8 })).toThrow(
    'adam: expected shape [4]',
  );
});
