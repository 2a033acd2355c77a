/** An ONNX graph under construction. Constants say how large they are; their bytes are asked for when the file is written. */
import { packF16 } from '../io/dtype.js';
import { sizeOf } from '../tensor/shape.js';

/** Bytes of an element, its number in `TensorProto.DataType`, and what runtimes call it. */
const ELEMENTS = {
  f32: { bytes: 4, code: 1, title: 'float32' },
  u8: { bytes: 1, code: 2, title: 'uint8' },
  i64: { bytes: 8, code: 7, title: 'int64' },
  bool: { bytes: 1, code: 9, title: 'bool' },
  f16: { bytes: 2, code: 10, title: 'float16' },
} as const;

export type Element = keyof typeof ELEMENTS;

/** The number of an element type in ONNX's schema. */
export const elementCode = (element: Element): number => ELEMENTS[element].code;

/** What runtimes call an element type. */
export const elementTitle = (element: Element): string => ELEMENTS[element].title;

/** A number whose type ONNX wants to know: a whole one, several of them, or a float. */
export type Attribute = { readonly i: number } | { readonly ints: readonly number[] } | { readonly f: number };

export interface OnnxNode {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** A constant of the graph. */
export interface OnnxConstant {
  readonly name: string;
  readonly element: Element;
  readonly dims: readonly number[];
  readonly byteLength: number;
  /** Row-major, little-endian. */
  bytes(): Uint8Array | Promise<Uint8Array>;
}

/** An input or output; a dimension that may vary is a name. */
export interface OnnxPort {
  readonly name: string;
  readonly element: Element;
  readonly dims: readonly (number | string)[];
}

/** What is left of a graph when nothing unused is kept. */
export interface FinishedGraph {
  readonly nodes: readonly OnnxNode[];
  readonly constants: readonly OnnxConstant[];
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
}

const bytesOf = (values: Float32Array | BigInt64Array | Uint16Array): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);

/** Values are known by their names, as in ONNX. */
export class OnnxGraph {
  readonly #nodes: OnnxNode[] = [];
  readonly #constants = new Map<string, OnnxConstant>();
  readonly #inputs: OnnxPort[] = [];
  readonly #outputs: OnnxPort[] = [];
  #place = '';

  /** Names of nodes that `body` adds begin with `place`: readers of the file see where they are. */
  within<T>(place: string, body: () => T): T {
    const before = this.#place;
    this.#place = `${before}${place}/`;
    const made = body();
    this.#place = before;
    return made;
  }

  /** A node with one output. @returns the output */
  add(op: string, inputs: readonly string[], attributes: Readonly<Record<string, Attribute>> = {}): string {
    return this.addSeveral(op, inputs, 1, attributes)[0]!;
  }

  /** A node with several outputs. */
  addSeveral(
    op: string,
    inputs: readonly string[],
    count: number,
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string[] {
    const name = `${this.#place}${op}_${this.#nodes.length}`;
    const outputs = count === 1 ? [name] : Array.from({ length: count }, (_, i) => `${name}.${i}`);
    this.#nodes.push({ name, op, inputs, outputs, attributes });
    return outputs;
  }

  /** A constant whose bytes are read when they are written; one that is already there under this name is used again. */
  stored(name: string, element: Element, dims: readonly number[], bytes: OnnxConstant['bytes']): string {
    if (!this.#constants.has(name)) {
      const byteLength = sizeOf(dims) * ELEMENTS[element].bytes;
      this.#constants.set(name, { name, element, dims, byteLength, bytes });
    }
    return name;
  }

  /** A constant of floats. */
  floats(name: string, dims: readonly number[], values: Float32Array): string {
    return this.stored(name, 'f32', dims, () => bytesOf(values));
  }

  /** A single float. */
  scalar(value: number): string {
    return this.floats(`scalar ${value}`, [], Float32Array.of(value));
  }

  /** Whole numbers, such as a shape or axes. */
  ints(...values: readonly number[]): string {
    return this.stored(`ints ${values.join()}`, 'i64', [values.length], () =>
      bytesOf(BigInt64Array.from(values, BigInt)),
    );
  }

  /** A single whole number. */
  int(value: number): string {
    return this.stored(`int ${value}`, 'i64', [], () => bytesOf(BigInt64Array.of(BigInt(value))));
  }

  /** @returns the input as a value */
  input(name: string, element: Element, dims: OnnxPort['dims']): string {
    this.#inputs.push({ name, element, dims });
    return name;
  }

  output(name: string, value: string, element: Element, dims: OnnxPort['dims']): void {
    this.#nodes.push({ name: `output/${name}`, op: 'Identity', inputs: [value], outputs: [name], attributes: {} });
    this.#outputs.push({ name, element, dims });
  }

  /** Leaves out what no output needs. */
  finish(): FinishedGraph {
    const needed = new Set(this.#outputs.map((o) => o.name));
    const nodes: OnnxNode[] = [];
    for (const node of [...this.#nodes].reverse()) {
      if (!node.outputs.some((o) => needed.has(o))) continue;
      nodes.push(node);
      for (const i of node.inputs) needed.add(i);
    }
    const constants = [...this.#constants.values()].filter((c) => needed.has(c.name));
    return { nodes: nodes.reverse(), constants, inputs: this.#inputs, outputs: this.#outputs };
  }
}

/** Floats as stored bytes: as they are, or rounded to f16. */
export const floatBytes = (values: Float32Array, element: 'f32' | 'f16'): Uint8Array =>
  bytesOf(element === 'f16' ? packF16(values) : values);
