/**
 * Reverse-mode differentiation.
 *
 * While a tape is open, `apply` notes every op one of whose inputs the tape follows. `backward` walks the notes from
 * the last to the first; a note's saved tensors are released as soon as its rule has run.
 */
import { sameShape, show } from '../tensor/shape.js';
import { type Tensor, tidy } from '../tensor/tensor.js';
import type { Needs, Op } from './op.js';

interface Node {
  readonly name: string;
  readonly inputs: readonly Tensor[];
  readonly needs: Needs;
  /** Which tensor the cotangent belongs to; its elements are not needed, unless they are among `saved`. */
  readonly out: Tensor;
  readonly saved: readonly Tensor[];
  vjp(dy: Tensor): readonly (Tensor | null)[];
}

let current: Tape | undefined;

/** Sums two cotangents of one tensor: the op `add`, handed to the tape, which knows no kernels itself. */
export type Accumulate = (a: Tensor, b: Tensor) => Tensor;

export class Tape implements Disposable {
  /** How cotangents that reach one tensor by several paths are summed. */
  readonly add: Accumulate;
  readonly #followed = new Set<Tensor>();
  #nodes: Node[] = [];

  constructor(add: Accumulate) {
    this.add = add;
  }

  /** Follows these tensors, so that `backward` can give gradients with respect to them. */
  watch(tensors: Iterable<Tensor>): void {
    for (const t of tensors) this.#followed.add(t);
  }

  /** Runs `body` with every op on followed tensors noted. Scopes inside may close: the tape holds what it needs. */
  record<T>(body: () => T): T {
    const outer = current;
    current = this;
    try {
      return body();
    } finally {
      current = outer;
    }
  }

  follows(t: Tensor): boolean {
    return this.#followed.has(t);
  }

  /** @internal */
  note(node: Node): void {
    for (const t of node.saved) t.hold();
    this.#followed.add(node.out);
    this.#nodes.push(node);
  }

  /**
   * Gradients of a scalar (or of any tensor under the cotangent `dy`) with respect to `wanted`, in their order; null
   * for a tensor that the result does not depend on. The tape is empty afterwards.
   */
  backward(out: Tensor, wanted: readonly Tensor[], dy: Tensor): (Tensor | null)[] {
    if (!sameShape(out.shape, dy.shape)) {
      throw new Error(`backward: expected a cotangent of shape ${show(out.shape)}, got ${show(dy.shape)}`);
    }
    const keep = new Set(wanted);
    dy.hold();
    const grads = new Map<Tensor, Tensor>([[out, dy]]);
    const outer = current;
    current = undefined;
    try {
      for (let node = this.#nodes.pop(); node; node = this.#nodes.pop()) {
        const g = grads.get(node.out);
        if (g) {
          // This scope releases the tensors that the rule makes; the map's holds keep the cotangents.
          const { inputs } = node;
          const step = node;
          tidy(() => this.#step(step, inputs, g, grads));
        }
        if (g && !keep.has(node.out)) {
          g.unhold();
          grads.delete(node.out);
        }
        for (const t of node.saved) t.unhold();
      }
      const result = wanted.map((t) => grads.get(t) ?? null);
      for (const [t, g] of grads) {
        if (keep.has(t)) g.adopt();
        else g.unhold();
      }
      return result;
    } finally {
      current = outer;
      this.#followed.clear();
    }
  }

  #step(node: Node, inputs: readonly Tensor[], dy: Tensor, grads: Map<Tensor, Tensor>): void {
    const made = node.vjp(dy);
    inputs.forEach((input, i) => {
      const g = made[i];
      if (!g) return;
      if (!node.needs[i]) throw new Error(`${node.name}: vjp returned a gradient for input ${i}, which needs none`);
      if (!sameShape(g.shape, input.shape) || g.dtype !== input.dtype) {
        throw new Error(
          `${node.name}: gradient of input ${i}: expected ${input.dtype} ${show(input.shape)}, got ${g.dtype} ${show(g.shape)}`,
        );
      }
      const before = grads.get(input);
      const sum = before ? this.add(before, g) : g;
      sum.hold();
      before?.unhold();
      grads.set(input, sum);
    });
  }

  [Symbol.dispose](): void {
    for (const node of this.#nodes) {
      for (const t of node.saved) t.unhold();
    }
    this.#nodes = [];
    this.#followed.clear();
  }
}

/** Runs an op and notes it on the open tape when one of its inputs is followed. */
export function apply<Attrs>(op: Op<Attrs>, inputs: readonly Tensor[], attrs: Attrs): Tensor {
  const tape = current;
  const needs = inputs.map((t) => tape?.follows(t) ?? false);
  const recorded = tape !== undefined && needs.includes(true);
  const { out, saved } = tidy(() => op.forward(inputs, attrs, needs));
  if (recorded) {
    tape.note({ name: op.name, inputs, needs, out, saved, vjp: (dy) => op.vjp(dy, saved, attrs, needs) });
  }
  for (const t of saved) if (!inputs.includes(t) && t !== out) t.release();
  return out;
}

/** Runs `body` with nothing noted. */
export function withoutTape<T>(body: () => T): T {
  const outer = current;
  current = undefined;
  try {
    return body();
  } finally {
    current = outer;
  }
}

/** Whether ops are being noted now; layers use it to choose between a fused kernel and its parts. */
export function recording(): boolean {
  return current !== undefined;
}

/** @internal The tape that notes ops now. */
export function openTape(): Tape | undefined {
  return current;
}
