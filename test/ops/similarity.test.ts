import { expect, it } from 'vitest';
import { similarityCase } from '../../src/cases/similarity_case.js';
import { similarity } from '../../src/ops/similarity.js';
import { upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { testCase } from '../op_harness.js';
import { arr } from '../reference/arr.js';
import { similarity as reference } from '../reference/similarity.js';

// The text's gradient is summed in parts from 129 tokens on; [B, E, 2], [1, E, 2] and [E, 2] differ in what is shared.
for (const [feats, text] of [
  [
    [1, 1, 1],
    [1, 1, 2],
  ],
  [
    [2, 5, 13],
    [2, 13, 2],
  ],
  [
    [3, 4, 33],
    [1, 33, 2],
  ],
  [
    [2, 131, 7],
    [7, 2],
  ],
] as const) {
  testCase(similarityCase, {
    name: `similarity of [${feats}] and [${text}]`,
    inputs: { f: arr(feats, 'feats'), t: arr(text, 'text') },
    attrs: () => ({}),
    reference: ({ f, t }) => reference(f, t, 100),
  });
}

testCase(similarityCase, {
  name: 'similarity of features of mean 1000, not scaled, three texts',
  inputs: { f: arr([2, 3, 65], 'feats', 1, 1000), t: arr([2, 65, 3], 'text') },
  attrs: () => ({ scale: 1 }),
  reference: ({ f, t }) => reference(f, t, 1),
});

it('similarity names both shapes when they do not fit', async () => {
  const gpu = await device();
  using f = upload(gpu, new Float32Array(24), [2, 3, 4]);
  for (const shape of [
    [3, 4, 2],
    [5, 2],
    [1, 1, 4, 2],
  ]) {
    using t = upload(gpu, new Float32Array(shape.reduce((a, b) => a * b, 1)), shape);
    expect(() => similarity(f, t)).toThrow(`got [2, 3, 4] and [${shape.join(', ')}]`);
  }
});
