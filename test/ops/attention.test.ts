import { describe, expect, it } from 'vitest';
import { Tape } from '../../src/autograd/tape.js';
import { attentionCase } from '../../src/cases/attention_case.js';
import { add } from '../../src/ops/add.js';
import { type AttentionMode, attention } from '../../src/ops/attention.js';
import { read, upload } from '../../src/tensor/tensor.js';
import { device, isCoarse, plainest, variantsOf } from '../devices.js';
import { type Bounds, normalisedError, testCase } from '../op_harness.js';
import { type Arr, arr } from '../reference/arr.js';
import { attention as reference } from '../reference/attention.js';

const MODES: readonly AttentionMode[] = ['full', 'causal', 'vv_token', 'vv_batch'];

/** Matrices side by side in the input: queries, keys and values, or values alone. */
const columns = (mode: AttentionMode): number => (mode === 'vv_token' || mode === 'vv_batch' ? 1 : 3);

function testAttention(
  [b, t, heads, head]: readonly [number, number, number, number],
  mode: AttentionMode,
  options: Pick<Bounds, 'forwardOnly' | 'variants'> & { readonly input?: Arr; readonly name?: string } = {},
): void {
  testCase(attentionCase, {
    name: `attention ${mode}${options.name ?? ''}, ${b} x ${t} tokens, ${heads} heads of ${head}`,
    inputs: { qkv: options.input ?? arr([b, t, columns(mode) * heads * head], 'qkv') },
    attrs: () => ({ heads, mode }),
    reference: ({ qkv }) => reference(qkv, heads, mode),
    forwardOnly: options.forwardOnly ?? false,
    ...(options.variants ? { variants: options.variants } : {}),
  });
}

// Lengths of one, below and beyond a block of four keys, a tile of sixteen, a vector of rows and a workgroup of rows.
for (const mode of MODES) {
  testAttention([1, 1, 1, 8], mode);
  testAttention([2, 5, 3, 8], mode);
  testAttention([17, 3, 1, 16], mode);
  testAttention([1, 65, 2, 16], mode);
}
testAttention([2, 77, 1, 8], 'causal');
testAttention([65, 2, 1, 8], 'vv_batch');
testAttention([1, 197, 1, 8], 'full');

// Values beside queries and keys: for inference alone.
testAttention([2, 5, 3, 8], 'vv_beside', { forwardOnly: true });
testAttention([1, 65, 2, 16], 'vv_beside', { forwardOnly: true });

// More rows than a workgroup of panels owns.
testAttention([1, 261, 1, 8], 'full', { forwardOnly: true });
testAttention([1, 261, 1, 8], 'causal', { forwardOnly: true });

// The width every published CLIP has, and others: 80 has a scale that is not a power of two, 128 is the widest. A software
// adapter compiles the tiles of wide heads for many seconds, so not every kernel is tried at every width.
testAttention([1, 21, 2, 64], 'full', { variants: ['best'] });
testAttention([1, 34, 1, 64], 'causal', { forwardOnly: true });
testAttention([1, 9, 1, 32], 'causal', { variants: ['best'] });
testAttention([1, 9, 1, 24], 'causal', { variants: [plainest] });
testAttention([1, 9, 1, 80], 'full', { variants: ['best'] });
testAttention([1, 21, 1, 80], 'causal', { forwardOnly: true, variants: [plainest] });
testAttention([1, 9, 1, 96], 'full', { forwardOnly: true, variants: ['best'] });
testAttention([1, 9, 1, 128], 'full', { forwardOnly: true, variants: ['best'] });

// Products of whole numbers are exact in float32, so that scores of ten thousand differ exactly.
for (const mode of MODES) {
  const input = arr([2, 35, columns(mode) * 2 * 16], 'large', 90);
  input.data.forEach((x, i) => {
    input.data[i] = Math.round(x);
  });
  testAttention([2, 35, 2, 16], mode, { forwardOnly: true, input, name: ' under scores of 1e4' });
}

describe('attention', () => {
  for (const variant of variantsOf('attention', 'attention_backward')) {
    it(`does not see later tokens when causal (${variant})`, async () => {
      const gpu = await device(variant);
      const input = Float32Array.from(arr([1, 70, 48], 'past').data);
      const other = input.map((x, i) => (i >= 40 * 48 ? 3 * x + 1 : x));
      using a = upload(gpu, input, [1, 70, 48]);
      using b = upload(gpu, other, [1, 70, 48]);
      using fromA = attention(a, { heads: 2, mode: 'causal' });
      using fromB = attention(b, { heads: 2, mode: 'causal' });
      const [x, y] = [await read(fromA), await read(fromB)];
      expect([...x.subarray(0, 40 * 16)]).toEqual([...y.subarray(0, 40 * 16)]);
      expect([...x.subarray(40 * 16)]).not.toEqual([...y.subarray(40 * 16)]);
    });

    it(`across a batch of one gives v (${variant})`, async () => {
      const gpu = await device(variant);
      const input = arr([1, 6, 16], 'alone').data;
      using v = upload(gpu, Float32Array.from(input), [1, 6, 16]);
      using out = attention(v, { heads: 2, mode: 'vv_batch' });
      expect(normalisedError(await read(out), input)).toBeLessThan(isCoarse(variant) ? 1e-3 : 1e-6);
    });
  }

  it('of values beside queries and keys has no gradient, and says so', async () => {
    const gpu = await device();
    using tape = new Tape(add);
    using qkv = upload(gpu, new Float32Array(48), [1, 1, 48]);
    tape.watch([qkv]);
    const run = () => tape.record(() => attention(qkv, { heads: 2, mode: 'vv_beside' }));
    expect(run).toThrow('vv_beside has no gradient: use vv_token');
  });

  it('names the shape that does not split into heads', async () => {
    const gpu = await device();
    using flat = upload(gpu, new Float32Array(48), [1, 48]);
    expect(() => attention(flat, { heads: 2, mode: 'full' })).toThrow(
      'attention: expected [B, T, 3 * 2 * head width], got [1, 48]',
    );
    expect(() => attention(flat, { heads: 2, mode: 'vv_token' })).toThrow('expected [B, T, 2 * head width]');
    using odd = upload(gpu, new Float32Array(36), [1, 1, 36]);
    expect(() => attention(odd, { heads: 1, mode: 'full' })).toThrow('expected a multiple of 8 up to 128, got 12');
  });
});
