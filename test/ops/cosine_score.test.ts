import { expect, it } from 'vitest';
import { Tape } from '../../src/autograd/tape.js';
import { cosineScoreCase } from '../../src/cases/cosine_score_case.js';
import { add } from '../../src/ops/add.js';
import { cosineScore } from '../../src/ops/cosine_score.js';
import { upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { testCase } from '../op_harness.js';
import { type Arr, arr, zerosLike } from '../reference/arr.js';

/** The definition in plain loops. */
function reference(feats: Arr, anchors: Arr, before: Arr, [normal, abnormal, offset, first]: readonly number[]): Arr {
  const [batch, length, width] = feats.shape as [number, number, number];
  const [texts, d] = anchors.shape as [number, number];
  const y = zerosLike([batch, length]);
  for (let b = 0; b < batch; b++)
    for (let l = 0; l < length; l++) {
      const f = feats.data.slice((b * length + l) * width + first!, (b * length + l) * width + first! + d);
      const norm = Math.max(1e-12, Math.hypot(...f));
      const cosine = (c: number): number =>
        f.reduce((sum, v, e) => sum + v * anchors.data[((texts === 1 ? 0 : b) * d + e) * 2 + c]!, 0) / norm;
      y.data[b * length + l] = normal! * cosine(0) + abnormal! * cosine(1) + offset! + before.data[b * length + l]!;
    }
  return y;
}

for (const [feats, anchors, first] of [
  [[1, 1, 1], [1, 1, 2], 0],
  [[2, 5, 13], [2, 13, 2], 0],
  [[3, 4, 80], [1, 33, 2], 40],
  [[2, 9, 130], [2, 130, 2], 0],
] as const) {
  testCase(cosineScoreCase, {
    name: `scores of [${feats}] from column ${first} against [${anchors}]`,
    inputs: { f: arr(feats, 'feats'), t: arr(anchors, 'text'), before: arr(feats.slice(0, 2), 'before') },
    attrs: () => ({ normal: -50, abnormal: 50, offset: 0.5, first }),
    reference: ({ f, t, before }) => reference(f, t, before, [-50, 50, 0.5, first]),
    forwardOnly: true,
  });
}

it('cosineScore names shapes that do not fit, and refuses to be recorded', async () => {
  const gpu = await device();
  using feats = upload(gpu, new Float32Array(24), [2, 3, 4]);
  using wide = upload(gpu, new Float32Array(10), [1, 5, 2]);
  using anchors = upload(gpu, new Float32Array(8), [1, 4, 2]);
  using scores = upload(gpu, new Float32Array(3), [1, 3]);
  const options = { normal: 0, abnormal: 1, offset: 0 };
  expect(() => cosineScore(feats, wide, options)).toThrow('got [2, 3, 4] and [1, 5, 2]');
  expect(() => cosineScore(feats, anchors, { ...options, first: 1 })).toThrow('at least 1 + E');
  expect(() => cosineScore(feats, anchors, { ...options, before: scores })).toThrow('[2, 3] to add to, got [1, 3]');
  using tape = new Tape(add);
  expect(() => tape.record(() => cosineScore(feats, anchors, options))).toThrow('has no gradient');
});
