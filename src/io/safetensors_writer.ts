/** Writes safetensors files as a stream of chunks: one tensor is in memory at a time. */
import { dtypeSize } from './dtype.js';
import { type RawTensor, type TensorInfo, tensorInfo } from './tensor_file.js';

/** A tensor to write; its row-major little-endian bytes are requested when it is written. */
export interface TensorToWrite extends TensorInfo {
  bytes(): Uint8Array | Promise<Uint8Array>;
}

/** A tensor to write whose bytes are in memory. */
export function toWrite(name: string, tensor: RawTensor): TensorToWrite {
  return { ...tensorInfo(name, tensor.dtype, tensor.shape), bytes: () => tensor.bytes };
}

/**
 * The chunks of a safetensors file: first the header, padded with spaces to a multiple of 8, then each tensor. The
 * order in the file does not depend on the order of the input: tensors with the widest dtype come first, so that all
 * are aligned, and are sorted by name; metadata is sorted by key.
 *
 * @throws when a name occurs twice or is the reserved `__metadata__`, or a tensor's bytes differ in length from what it
 * announced
 */
export async function* writeSafetensors(
  tensors: Iterable<TensorToWrite>,
  metadata: Readonly<Record<string, string>> = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const ordered = [...tensors].sort(
    (a, b) => dtypeSize(b.dtype) - dtypeSize(a.dtype) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0),
  );
  yield encodeHeader(ordered, metadata);
  for (const tensor of ordered) {
    const bytes = await tensor.bytes();
    if (bytes.byteLength !== tensor.byteLength) {
      throw new Error(
        `tensor ${tensor.name}: wrong length: expected ${tensor.byteLength} bytes for ${tensor.dtype} [${tensor.shape.join(', ')}], got ${bytes.byteLength}`,
      );
    }
    yield bytes;
  }
}

function encodeHeader(ordered: readonly TensorToWrite[], metadata: Readonly<Record<string, string>>): Uint8Array {
  // Built as text, because an object would put names that look like numbers first.
  const parts: string[] = [];
  const keys = Object.keys(metadata).sort();
  if (keys.length > 0) {
    const pairs = keys.map((key) => `${JSON.stringify(key)}:${JSON.stringify(metadata[key])}`);
    parts.push(`"__metadata__":{${pairs.join(',')}}`);
  }
  const seen = new Set(['__metadata__']);
  let at = 0;
  for (const { name, dtype, shape, byteLength } of ordered) {
    if (seen.has(name)) throw new Error(`safetensors: name is taken: expected each tensor once, got ${name} again`);
    seen.add(name);
    const entry = { dtype, shape, data_offsets: [at, at + byteLength] };
    parts.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    at += byteLength;
  }
  const json = new TextEncoder().encode(`{${parts.join(',')}}`);
  const length = Math.ceil(json.byteLength / 8) * 8;
  const out = new Uint8Array(8 + length).fill(0x20);
  new DataView(out.buffer).setBigUint64(0, BigInt(length), true);
  out.set(json, 8);
  return out;
}
