import { full } from '../ops/fill.js';
import type { Shape } from '../tensor/shape.js';
import { type OpCase, pass, times } from './op_case.js';

/** A constant tensor. */
export const fillCase: OpCase<Readonly<Record<string, never>>, { readonly shape: Shape; readonly value: number }> = {
  name: 'fill',
  run: (_inputs, { shape, value }, gpu) => full(gpu, shape, value),
  sizes: ({ tokens, width }) => {
    const shape = [1, tokens, 3 * width];
    return [{ name: times(...shape), inputs: {}, attrs: () => ({ shape, value: 0 }), forward: pass(0, shape) }];
  },
};
