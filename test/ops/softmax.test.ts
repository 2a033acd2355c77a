import { softmaxCase } from '../../src/cases/softmax_case.js';
import { testCase } from '../op_harness.js';
import { type Arr, arr } from '../reference/arr.js';
import { softmax as reference } from '../reference/elementwise.js';

const over = (axis: number) => ({
  attrs: () => ({ axis }),
  reference: ({ x }: { x: Arr }) => reference(x, axis),
});

for (const [shape, axis] of [
  [[1], 0],
  [[2, 2, 33], 1],
  [[3, 67], 1],
  [[13, 5], 0],
] as const) {
  testCase(softmaxCase, {
    name: `softmax of [${shape}] along axis ${axis}`,
    inputs: { x: arr(shape, 'x', 2) },
    ...over(axis),
  });
}

testCase(softmaxCase, {
  name: 'softmax of rows of mean 1000',
  inputs: { x: arr([5, 9], 'x', 1, 1000) },
  ...over(1),
});

testCase(softmaxCase, {
  name: 'softmax of logits of 10000',
  inputs: { x: arr([7, 5], 'x', 1e4) },
  ...over(1),
  forwardOnly: true,
});
