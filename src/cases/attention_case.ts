import { type AttentionAttrs, type AttentionMode, attention } from '../ops/attention.js';
import type { Tensor } from '../tensor/tensor.js';
import { bytesOf, type OpCase } from './op_case.js';

/** Attention over packed queries, keys and values, in both towers, and V-V attention over values alone. */
export const attentionCase: OpCase<{ qkv: Tensor }, AttentionAttrs> = {
  name: 'attention',
  run: ({ qkv }, attrs) => attention(qkv, attrs),
  sizes: ({ tokens, width, heads, texts, context, textWidth, textHeads }) => {
    const size = (mode: AttentionMode, batch: number, length: number, wide: number, of: number) => {
      const packed = [batch, length, mode.startsWith('vv') ? wide : 3 * wide];
      const out = [batch, length, wide];
      const [sequences, along] = mode === 'vv_batch' ? [length, batch] : [batch, length];
      // Operations of one product of the scores with a matrix as wide as all heads; half of that when causal.
      const product = (mode === 'causal' ? 1 : 2) * sequences * along * along * wide;
      return {
        name: `${mode} ${batch}x${length}, ${of} heads of ${wide / of}`,
        inputs: { qkv: { shape: packed } },
        attrs: () => ({ heads: of, mode }),
        forward: { flops: 2 * product, bytes: bytesOf(packed, out) },
        // The scores once more, and the gradients of weights, values, queries and keys.
        backward: { flops: 5 * product, bytes: bytesOf(packed, out, out, packed) },
      };
    };
    return [
      size('full', 1, tokens, width, heads),
      size('causal', texts, context, textWidth, textHeads),
      size('vv_token', 1, tokens, width, heads),
      size('vv_batch', 4, tokens, width, heads),
    ];
  },
};
