import { expect, it } from 'vitest';
import { probabilityMapCase } from '../../src/cases/probability_map_case.js';
import { scoreMapCase } from '../../src/cases/score_map_case.js';
import { probabilityMap, scoreMap, upsampleScores } from '../../src/ops/score_map.js';
import { read, upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { normalisedError, testCase } from '../op_harness.js';
import { arr } from '../reference/arr.js';
import { softmax } from '../reference/elementwise.js';
import { alongBoth, bilinear, scoreMap as reference } from '../reference/resample.js';

for (const [domain, taps, sigma] of [
  ['Industrial', 7, 1],
  ['Medical', 9, 1.5],
] as const) {
  testCase(scoreMapCase, {
    name: `${domain} score map, 5 to 13`,
    inputs: { s: arr([2, 2, 5, 5], 'similarity', 30) },
    attrs: () => ({ size: 13, blur: { taps, sigma } }),
    reference: ({ s }) => reference(s, 13, taps, sigma),
  });
}

// The medical blur reaches four patches far: beyond the other end of this grid.
testCase(scoreMapCase, {
  name: 'score map of a grid of 3 by 4, shorter than the blur',
  inputs: { s: arr([1, 2, 3, 4], 'similarity', 30) },
  attrs: () => ({ size: 7, blur: { taps: 9, sigma: 1.5 } }),
  reference: ({ s }) => reference(s, 7, 9, 1.5),
  forwardOnly: true,
});

testCase(probabilityMapCase, {
  name: 'probability map, 4 to 11',
  inputs: { s: arr([2, 2, 4, 4], 'similarity', 3) },
  attrs: () => ({ size: 11 }),
  reference: ({ s }) => softmax(alongBoth(s, 11, 11, bilinear), 1),
});

it('scores summed over levels give the sum of their maps', async () => {
  const gpu = await device();
  const levels = ['a', 'b', 'c'].map((name) => arr([1, 2, 5, 5], name, 30));
  const summed = new Float32Array(25);
  for (const { data } of levels) for (let i = 0; i < 25; i++) summed[i]! += (data[25 + i]! + 1 - data[i]!) / 2;
  using scores = upload(gpu, summed, [1, 1, 5, 5]);
  using got = upsampleScores(scores, 9, { taps: 7, sigma: 1 });
  const want = new Float64Array(81);
  for (const s of levels) for (const [i, v] of reference(s, 9, 7, 1).data.entries()) want[i]! += v;
  expect(normalisedError(await read(got), want)).toBeLessThan(1e-5);
});

it('maps name a shape that is not a grid', async () => {
  const gpu = await device();
  using s = upload(gpu, new Float32Array(24), [2, 3, 4]);
  expect(() => scoreMap(s, 8, { taps: 9, sigma: 1.5 })).toThrow('scoreMap: expected [B, 2, G, G], got [2, 3, 4]');
  expect(() => probabilityMap(s, 8)).toThrow('probabilityMap: expected [B, 2, G, G], got [2, 3, 4]');
});
