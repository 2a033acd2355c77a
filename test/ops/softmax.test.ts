import { softmax } from '../../src/ops/softmax.js';
import { testOp } from '../op_harness.js';
import { type Arr, arr } from '../reference/arr.js';
import { softmax as reference } from '../reference/elementwise.js';

const over = (axis: number) => ({
  run: ([x]: readonly Parameters<typeof softmax>[0][]) => softmax(x!, axis),
  reference: ([x]: readonly Arr[]) => reference(x!, axis),
});

for (const [shape, axis] of [
  [[1], 0],
  [[2, 2, 33], 1],
  [[3, 67], 1],
  [[13, 5], 0],
] as const) {
  testOp({ name: `softmax of [${shape}] along axis ${axis}`, inputs: [arr(shape, 'x', 2)], ...over(axis) });
}

testOp({ name: 'softmax of rows of mean 1000', inputs: [arr([5, 9], 'x', 1, 1000)], ...over(1) });

testOp({ name: 'softmax of logits of 10000', inputs: [arr([7, 5], 'x', 1e4)], ...over(1), forwardOnly: true });
