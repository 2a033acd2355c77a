/** The contract every differentiable operation fulfils. */
import type { Tensor } from '../tensor/tensor.js';

/** Which inputs need a gradient; false means that no work is done for that input. */
export type Needs = readonly boolean[];

export interface Forward {
  readonly out: Tensor;
  /** What the backward rule will read. The tape holds it until the rule has run. */
  readonly saved: readonly Tensor[];
}

/**
 * An operation with one output.
 *
 * `forward` sees which gradients are needed, so that it saves only what they use (all false when nothing is recorded).
 * `vjp` maps the cotangent of the output to one per input, null where `needs` is false.
 */
export interface Op<Attrs> {
  readonly name: string;
  forward(inputs: readonly Tensor[], attrs: Attrs, needs: Needs): Forward;
  vjp(dy: Tensor, saved: readonly Tensor[], attrs: Attrs, needs: Needs): readonly (Tensor | null)[];
}
