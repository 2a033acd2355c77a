import { activate } from '../../src/ops/activation.js';
import { testOp } from '../op_harness.js';
import { arr } from '../reference/arr.js';
import { activate as reference } from '../reference/elementwise.js';

for (const kind of ['gelu', 'quickgelu', 'leaky_relu'] as const) {
  for (const shape of [[1], [5, 13]]) {
    testOp({
      name: `${kind} of [${shape}]`,
      inputs: [arr(shape, 'x', 2)],
      run: ([x]) => activate(x!, kind),
      reference: ([x]) => reference(x!, kind),
    });
  }
  testOp({
    name: `${kind} of values up to a thousand`,
    inputs: [arr([67], 'large', 600)],
    run: ([x]) => activate(x!, kind),
    reference: ([x]) => reference(x!, kind),
  });
}

// The erf inside gelu, where its error weighs most: against values themselves near zero.
testOp({
  name: 'gelu between -6 and -3',
  inputs: [arr([129], 'tail', 0.8, -4.4)],
  run: ([x]) => activate(x!, 'gelu'),
  reference: ([x]) => reference(x!, 'gelu'),
  forwardBound: 2e-4,
  forwardOnly: true,
});
