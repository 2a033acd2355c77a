import type { Activation } from '../kernels/epilogue.js';
import { activate } from '../ops/activation.js';
import type { Tensor } from '../tensor/tensor.js';
import { type OpCase, pass, times } from './op_case.js';

/** An activation of every element; the hidden layer of a block has the most. */
export const activationCase: OpCase<{ x: Tensor }, { readonly kind: Activation }> = {
  name: 'activation',
  run: ({ x }, { kind }) => activate(x, kind),
  sizes: ({ tokens, hidden, patches, embed }) => {
    const size = (kind: Activation, operations: number, shape: readonly number[]) => ({
      name: `${kind} ${times(...shape)}`,
      inputs: { x: { shape, std: 2 } },
      attrs: () => ({ kind }),
      forward: pass(operations, shape, shape),
      backward: pass(2 * operations, shape, shape, shape),
    });
    // The error function inside gelu is a polynomial and an exponential.
    return [
      size('gelu', 20, [tokens, hidden]),
      size('quickgelu', 5, [tokens, hidden]),
      size('leaky_relu', 1, [patches, embed]),
    ];
  },
};
