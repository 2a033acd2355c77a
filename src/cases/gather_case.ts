import { gather } from '../ops/gather.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass } from './op_case.js';

/** Rows of a table: the last row of every text. */
export const gatherCase: OpCase<{ table: Tensor }, { readonly indices: Uint32Array }> = {
  name: 'gather',
  run: ({ table }, { indices }) => gather(table, indices),
  sizes: ({ texts, context, textWidth }) => {
    const [all, taken] = [
      [texts * context, textWidth],
      [texts, textWidth],
    ] as const;
    return [
      {
        name: `${texts} rows of ${texts * context}x${textWidth}`,
        inputs: { table: { shape: all } },
        attrs: () => ({
          indices: Uint32Array.from({ length: texts }, (_, i) => i * context + ((7 * i + 5) % context)),
        }),
        forward: pass(0, taken, taken),
        backward: pass(0, all, taken),
      },
    ];
  },
};
