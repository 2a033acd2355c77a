/** ONNX files as streams of bytes: one constant is in memory at a time, however large the model. */
import protobuf from 'protobufjs';
import { elementCode, type FinishedGraph, type OnnxConstant, type OnnxNode, type OnnxPort } from './onnx_graph.js';
import { ONNX_SCHEMA } from './onnx_schema.js';

/** The oldest set of operators that has LayerNormalization. */
export const OPSET = 17;
const IR_VERSION = 8;

/** A protobuf message holds less than 2 GiB, of which the nodes take some. */
export const MOST_BYTES = 2 ** 31 - 2 ** 24;
/** Shorter constants stay in the model: shapes must be known without the file beside it. */
const LEAST_EXTERNAL = 2 ** 16;
/** So that runtimes can map the file into memory, on Windows too. */
const ALIGNMENT = 2 ** 16;

const schema = protobuf.parse(ONNX_SCHEMA, { keepCase: true }).root;
const typeOf = (name: string): protobuf.Type => schema.lookupType(`onnx.${name}`);

/** The types of the messages that models are made of, for programs that read them too. */
export const onnxModel: protobuf.Type = typeOf('ModelProto');
const graphType = typeOf('GraphProto');
const tensorType = typeOf('TensorProto');

export interface OnnxModel {
  readonly graph: FinishedGraph;
  readonly name: string;
  readonly producer: { readonly name: string; readonly version: string };
  readonly metadata: Readonly<Record<string, string>>;
}

/** Where the constants of a model are that stand in a file of their own, by name. */
export interface ExternalData {
  readonly file: string;
  readonly offsets: ReadonlyMap<string, number>;
}

/** Bytes of all constants. */
export const constantBytes = ({ constants }: FinishedGraph): number =>
  constants.reduce((sum, c) => sum + c.byteLength, 0);

/** Places all constants but the shortest in a file. */
export function planExternal({ constants }: FinishedGraph, file: string): ExternalData {
  const offsets = new Map<string, number>();
  let at = 0;
  for (const { name, byteLength } of constants) {
    if (byteLength < LEAST_EXTERNAL) continue;
    offsets.set(name, at);
    at = Math.ceil((at + byteLength) / ALIGNMENT) * ALIGNMENT;
  }
  return { file, offsets };
}

/** The file of a model's external constants. */
export async function* externalBytes(
  { constants }: FinishedGraph,
  { offsets }: ExternalData,
): AsyncGenerator<Uint8Array, void, undefined> {
  let at = 0;
  for (const constant of constants) {
    const offset = offsets.get(constant.name);
    if (offset === undefined) continue;
    yield new Uint8Array(offset - at);
    yield await bytesOf(constant);
    at = offset + constant.byteLength;
  }
}

/**
 * The file of a model.
 * @param external where constants stand in a file of their own
 * @throws when the bytes of a constant differ in length from what it announced
 */
export async function* onnxBytes(
  { graph, name, producer, metadata }: OnnxModel,
  external?: ExternalData,
): AsyncGenerator<Uint8Array, void, undefined> {
  const head = onnxModel.encode({
    ir_version: IR_VERSION,
    producer_name: producer.name,
    producer_version: producer.version,
    opset_import: [{ domain: '', version: OPSET }],
    metadata_props: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
  const body = graphType
    .encode({ name, node: graph.nodes.map(nodeOf), input: graph.inputs.map(portOf), output: graph.outputs.map(portOf) })
    .finish();
  // A message is its fields one after the other, so constants can follow the rest of the graph piece by piece.
  const records = graph.constants.map((constant) => {
    const start = tensorStart(constant, external);
    const inside = isInside(constant, external) ? constant : undefined;
    return { start: fieldStart(graphType, 'initializer', start.length + (inside?.byteLength ?? 0), start), inside };
  });
  const length = records.reduce((sum, r) => sum + r.start.length + (r.inside?.byteLength ?? 0), body.length);
  yield head.finish();
  yield fieldStart(onnxModel, 'graph', length, body);
  for (const { start, inside } of records) {
    yield start;
    if (inside) yield await bytesOf(inside);
  }
}

const isInside = ({ name }: OnnxConstant, external: ExternalData | undefined): boolean =>
  external?.offsets.get(name) === undefined;

async function bytesOf(constant: OnnxConstant): Promise<Uint8Array> {
  const bytes = await constant.bytes();
  if (bytes.byteLength === constant.byteLength) return bytes;
  throw new Error(
    `constant ${constant.name}: wrong length: expected ${constant.byteLength} bytes for [${constant.dims.join(', ')}], got ${bytes.byteLength}`,
  );
}

/** The start of a field that holds bytes or a message: its number, its length, and the first of its bytes. */
function fieldStart(type: protobuf.Type, field: string, length: number, first: Uint8Array): Uint8Array {
  const bytes = 2; // the wire type of what has a length
  const start = protobuf.Writer.create()
    .uint32((type.fields[field]!.id << 3) | bytes)
    .uint32(length)
    .finish();
  const out = new Uint8Array(start.length + first.length);
  out.set(start);
  out.set(first, start.length);
  return out;
}

/** A tensor up to its values: these follow, unless they stand in another file. */
function tensorStart(constant: OnnxConstant, external: ExternalData | undefined): Uint8Array {
  const { name, element, dims, byteLength } = constant;
  const known = { name, dims, data_type: elementCode(element) };
  if (!isInside(constant, external)) {
    const place = { location: external!.file, offset: external!.offsets.get(name)!, length: byteLength };
    const external_data = Object.entries(place).map(([key, value]) => ({ key, value: String(value) }));
    return tensorType.encode({ ...known, external_data, data_location: 1 }).finish();
  }
  const start = tensorType.encode(known).finish();
  const raw = fieldStart(tensorType, 'raw_data', byteLength, new Uint8Array());
  const out = new Uint8Array(start.length + raw.length);
  out.set(start);
  out.set(raw, start.length);
  return out;
}

function nodeOf({ name, op, inputs, outputs, attributes }: OnnxNode): object {
  const attribute = Object.entries(attributes).map(([key, value]) => ({
    name: key,
    // FLOAT, INT and INTS of AttributeProto.AttributeType
    type: 'f' in value ? 1 : 'i' in value ? 2 : 7,
    ...value,
  }));
  return { name, op_type: op, input: inputs, output: outputs, attribute };
}

function portOf({ name, element, dims }: OnnxPort): object {
  const dim = dims.map((d) => (typeof d === 'number' ? { dim_value: d } : { dim_param: d }));
  return { name, type: { tensor_type: { elem_type: elementCode(element), shape: { dim } } } };
}
