/** Trades work for memory: of a sequence of ops only the inputs are kept, and the ops run again for the gradient. */
import { type Tensor, tidy } from '../tensor/tensor.js';
import type { Op } from './op.js';
import { type Accumulate, apply, openTape, Tape, withoutTape } from './tape.js';

interface RecomputeAttrs {
  readonly body: (inputs: readonly Tensor[]) => Tensor;
  readonly add: Accumulate;
}

const recomputeOp: Op<RecomputeAttrs> = {
  name: 'recompute',
  forward(inputs, { body }, needs) {
    return { out: withoutTape(() => body(inputs)), saved: needs.includes(true) ? inputs : [] };
  },
  vjp(dy, inputs, { body, add }, needs) {
    using tape = new Tape(add);
    tape.watch(inputs.filter((_, i) => needs[i]));
    const out = tape.record(() => body(inputs));
    const wanted = inputs.filter((_, i) => needs[i]);
    const grads = tape.backward(out, wanted, dy);
    let at = 0;
    return needs.map((need) => (need ? (grads[at++] ?? null) : null));
  },
};

/**
 * `body(inputs)`, of which the tape keeps only `inputs`.
 * @param inputs every tensor that may need a gradient; others may be captured
 */
export function recompute(inputs: readonly Tensor[], body: (inputs: readonly Tensor[]) => Tensor): Tensor {
  const tape = openTape();
  return tape ? apply(recomputeOp, inputs, { body, add: tape.add }) : tidy(() => body(inputs));
}
