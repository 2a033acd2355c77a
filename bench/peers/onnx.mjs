/** Writes ONNX models: a small part of the format's Protocol Buffers (onnx.proto), by field numbers. */

const FLOAT = 1;
const INT64 = 7;

function varint(n) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(n));
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  return Buffer.from([...bytes, Number(rest)]);
}

const int = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);
const bytes = (field, data) => Buffer.concat([varint((field << 3) | 2), varint(data.length), data]);
const text = (field, value) => bytes(field, Buffer.from(value));
const message = (field, ...parts) => bytes(field, Buffer.concat(parts.flat()));

const raw = (data) => Buffer.from(data.buffer, data.byteOffset, data.byteLength);

/** AttributeProto: an integer, a float, a string or a list of integers. */
function attribute(name, value) {
  if (Array.isArray(value))
    return message(
      5,
      text(1, name),
      value.map((v) => int(8, v)),
      int(20, 7),
    );
  if (typeof value === 'string') return message(5, text(1, name), text(4, value), int(20, 3));
  if (Number.isInteger(value)) return message(5, text(1, name), int(3, value), int(20, 2));
  const float = Buffer.alloc(5);
  float[0] = (2 << 3) | 5;
  float.writeFloatLE(value, 1);
  return message(5, text(1, name), float, int(20, 1));
}

const valueInfo = (field, name, shape) =>
  message(
    field,
    text(1, name),
    message(
      2,
      message(
        1,
        int(1, FLOAT),
        message(
          2,
          shape.map((n) => message(1, int(1, n))),
        ),
      ),
    ),
  );

/** A graph under construction: ops return the names of their outputs. */
export class Graph {
  #nodes = [];
  #initializers = [];
  #inputs = [];
  #count = 0;

  input(name, shape) {
    this.#inputs.push(valueInfo(11, name, shape));
    return name;
  }

  /** A weight: Float32Array, or BigInt64Array for shapes. */
  constant(data, shape) {
    const name = `c${this.#count++}`;
    const type = data instanceof BigInt64Array ? INT64 : FLOAT;
    this.#initializers.push(
      message(
        5,
        shape.map((n) => int(1, n)),
        int(2, type),
        text(8, name),
        bytes(9, raw(data)),
      ),
    );
    return name;
  }

  /** A node with one output, or `outputs` of them. */
  op(type, inputs, attributes = {}, outputs = 1) {
    const names = Array.from({ length: outputs }, () => `t${this.#count++}`);
    this.#nodes.push(
      message(
        1,
        inputs.map((name) => text(1, name)),
        names.map((name) => text(2, name)),
        text(4, type),
        Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      ),
    );
    return outputs === 1 ? names[0] : names;
  }

  reshape(x, shape) {
    return this.op('Reshape', [x, this.constant(BigInt64Array.from(shape.map(BigInt)), [shape.length])]);
  }

  /** The model as bytes, operator set 20. */
  model(output, shape) {
    const graph = [
      ...this.#nodes,
      text(2, 'graph'),
      ...this.#initializers,
      ...this.#inputs,
      valueInfo(12, output, shape),
    ];
    return Buffer.concat([int(1, 9), message(7, graph), message(8, text(1, ''), int(2, 20))]);
  }
}
