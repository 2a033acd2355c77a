import { expect, it } from 'vitest';
import { tokensCase } from '../../src/cases/tokens_case.js';
import { assembleTokens } from '../../src/ops/tokens.js';
import { upload } from '../../src/tensor/tensor.js';
import { device } from '../devices.js';
import { testCase } from '../op_harness.js';
import { arr } from '../reference/arr.js';
import { assembleTokens as reference } from '../reference/tokens.js';

for (const [batch, length, width] of [
  [1, 1, 1],
  [3, 5, 7],
  [2, 4, 65],
] as const) {
  testCase(tokensCase, {
    name: `tokens of ${batch} pictures with ${length} patches of width ${width}`,
    inputs: {
      patches: arr([batch, length, width], 'patches'),
      cls: arr([width], 'cls'),
      positional: arr([length + 1, width], 'positional'),
    },
    reference: ({ patches, cls, positional }) => reference(patches, cls, positional),
  });
}

it('tokens names positions of another grid', async () => {
  const gpu = await device();
  using patches = upload(gpu, new Float32Array(8), [1, 4, 2]);
  using cls = upload(gpu, new Float32Array(2), [2]);
  using positional = upload(gpu, new Float32Array(20), [10, 2]);
  expect(() => assembleTokens(patches, cls, positional)).toThrow(
    'tokens: expected positions [5, 2] for 4 patches, got [10, 2]: resize them',
  );
});
