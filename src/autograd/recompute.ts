/** Trading work for memory: only the inputs of a stretch of ops are kept, and it runs again for its gradient. */
import type { Tensor } from '../tensor/tensor.js';
import type { Op } from './op.js';
import { apply, Tape, withoutTape } from './tape.js';

interface CheckpointAttrs {
  readonly body: (inputs: readonly Tensor[]) => Tensor;
}

const checkpointOp: Op<CheckpointAttrs> = {
  name: 'checkpoint',
  forward(inputs, { body }, needs) {
    return { out: withoutTape(() => body(inputs)), saved: needs.includes(true) ? inputs : [] };
  },
  vjp(dy, inputs, { body }, needs) {
    using tape = new Tape();
    tape.watch(inputs.filter((_, i) => needs[i]));
    const out = tape.record(() => body(inputs));
    const wanted = inputs.filter((_, i) => needs[i]);
    const grads = tape.backward(out, wanted, dy);
    let at = 0;
    return needs.map((need) => (need ? (grads[at++] ?? null) : null));
  },
};

/**
 * `body(inputs)`, of which the tape keeps `inputs` alone.
 * @param inputs every tensor a gradient may be wanted for; others may be captured
 */
export function checkpoint(inputs: readonly Tensor[], body: (inputs: readonly Tensor[]) => Tensor): Tensor {
  return apply(checkpointOp, inputs, { body });
}
