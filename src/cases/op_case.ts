/**
 * What tests, `verify` and the benchmark need to know about an op: its inputs by name, how it is run on tensors, which
 * inputs have no gradient, and its sizes in the model.
 */
import type { Gpu } from '../gpu/gpu.js';
import { type Shape, sizeOf } from '../tensor/shape.js';
import type { Tensor } from '../tensor/tensor.js';
import type { ModelSizes } from './model_sizes.js';

/** An input of the benchmark: uniform values of a mean and a deviation, or a mask or pixels made from them. */
export interface RealInput {
  readonly shape: Shape;
  /** Deviation; 1 by default. */
  readonly std?: number;
  /** 0 by default. */
  readonly mean?: number;
  /** What the values stand for: masks are 0 or 1, a sixth of them 1; pixels are bytes, four to a word of the shape. */
  readonly values?: 'mask' | 'pixels';
}

/** Operations and memory traffic of one call, from the shapes alone. */
export interface Work {
  /** Floating-point operations, a multiply-add counted as two. */
  readonly flops: number;
  /** Bytes that have to be read and written if every input is read once and nothing in between is stored. */
  readonly bytes: number;
}

/** One use of an op in the model. */
export type RealSize<Inputs extends object = Readonly<Record<string, Tensor>>, Attrs = unknown> = {
  /** The shapes in short, unique among the sizes of the op: `1370x1024`. */
  readonly name: string;
  readonly inputs: { readonly [Name in keyof Inputs]: RealInput };
  readonly forward: Work;
  /** Work of the gradients; missing where nothing differentiates the op at this size. */
  readonly backward?: Work | undefined;
  /** Inputs whose gradients are timed; by default all that have one. */
  readonly wanted?: readonly (keyof Inputs & string)[] | undefined;
} & Attributes<Attrs>;

/** Attributes are made for a device, since some live there; an op without attributes has none. */
export type Attributes<Attrs> = unknown extends Attrs
  ? { readonly attrs?: (gpu: Gpu) => Attrs }
  : { readonly attrs: (gpu: Gpu) => Attrs };

/**
 * An op as tests, `verify` and the benchmark run it.
 *
 * `Inputs` are its tensors by name, in the order of its arguments; `Attrs` is everything else it is given, disposed of
 * after use where it holds memory of the device.
 */
export interface OpCase<Inputs extends object = Readonly<Record<string, Tensor>>, Attrs = unknown> {
  /** Name of the op's file. */
  readonly name: string;
  /** The op on tensors. Recorded by a tape, it gives the gradients of all inputs that are not `constant`. */
  run(inputs: Inputs, attrs: Attrs, gpu: Gpu): Tensor;
  /** Inputs that have no gradient: masks, moments, bytes. */
  readonly constant?: readonly (keyof Inputs & string)[];
  sizes(model: ModelSizes): readonly RealSize<Inputs, Attrs>[];
}

/** Bytes of tensors of 4-byte elements, by their shapes. */
export function bytesOf(...shapes: readonly Shape[]): number {
  return shapes.reduce((sum, shape) => sum + 4 * sizeOf(shape), 0);
}

/**
 * Work of an op that passes over memory.
 * @param perElement operations an element of the first shape takes
 * @param shapes of everything read and written
 */
export function pass(perElement: number, ...shapes: readonly [Shape, ...Shape[]]): Work {
  return { flops: perElement * sizeOf(shapes[0]), bytes: bytesOf(...shapes) };
}

/** Several works, one after the other. */
export function together(...parts: readonly Work[]): Work {
  return parts.reduce((a, b) => ({ flops: a.flops + b.flops, bytes: a.bytes + b.bytes }));
}

/** `1370x1024`, as names of sizes write shapes. */
export function times(...sides: readonly number[]): string {
  return sides.join('x');
}

/** Disposes of attributes that hold memory of the device. */
export function disposeAttrs(attrs: unknown): void {
  if (typeof attrs === 'object' && attrs !== null && Symbol.dispose in attrs) (attrs as Disposable)[Symbol.dispose]();
}
