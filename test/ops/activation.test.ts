import { activationCase } from '../../src/cases/activation_case.js';
import { testCase } from '../op_harness.js';
import { arr } from '../reference/arr.js';
import { activate as reference } from '../reference/elementwise.js';

for (const kind of ['gelu', 'quickgelu', 'leaky_relu'] as const) {
  for (const shape of [[1], [5, 13]]) {
    testCase(activationCase, {
      name: `${kind} of [${shape}]`,
      inputs: { x: arr(shape, 'x', 2) },
      attrs: () => ({ kind }),
      reference: ({ x }) => reference(x, kind),
    });
  }
  testCase(activationCase, {
    name: `${kind} of values up to a thousand`,
    inputs: { x: arr([67], 'large', 600) },
    attrs: () => ({ kind }),
    reference: ({ x }) => reference(x, kind),
  });
}

// The erf inside gelu, where its error weighs most: against values themselves near zero.
testCase(activationCase, {
  name: 'gelu between -6 and -3',
  inputs: { x: arr([129], 'tail', 0.8, -4.4) },
  attrs: () => ({ kind: 'gelu' }),
  reference: ({ x }) => reference(x, 'gelu'),
  forwardBound: 2e-4,
  forwardOnly: true,
});
