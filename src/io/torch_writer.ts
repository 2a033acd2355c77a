/** Writes `.pth` files that torch.load reads: a pickle and its tensors' bytes, stored in a zip archive. */
import { crc32 } from './crc32.js';
import { dtypeSize, elementsOf } from './dtype.js';
import { type TorchValue, writePickle } from './pickle_writer.js';

/** Torch aligns what it stores to this many bytes, so that a file can be mapped into memory. */
const ALIGNMENT = 64;

interface StoredFile {
  readonly name: Uint8Array;
  readonly bytes: Uint8Array;
  readonly crc: number;
  readonly at: number;
}

/**
 * The chunks of a torch archive with `value` in it, in the folder `stem` (torch uses the file's name without `.pth`).
 * The same value gives the same bytes.
 *
 * @throws when a tensor's bytes do not fit its shape, or the archive would exceed 4 GiB
 */
export function* writeTorchArchive(value: TorchValue, stem = 'archive'): Generator<Uint8Array, void, undefined> {
  const { pickle, tensors } = writePickle(value);
  const text = new TextEncoder();
  const files: [string, Uint8Array][] = [
    ['data.pkl', pickle],
    ['byteorder', text.encode('little')],
    ...tensors.map((t, i): [string, Uint8Array] => [`data/${i}`, t.bytes]),
    ['version', text.encode('3\n')],
  ];
  for (const [i, { dtype, shape, bytes }] of tensors.entries()) {
    const expected = elementsOf(shape) * dtypeSize(dtype);
    if (bytes.byteLength !== expected) {
      throw new Error(`torch archive: tensor ${i}: wrong length: expected ${expected} bytes, got ${bytes.byteLength}`);
    }
  }
  const records: StoredFile[] = [];
  let at = 0;
  for (const [file, bytes] of files) {
    const record = { name: text.encode(`${stem}/${file}`), bytes, crc: crc32(bytes), at };
    const header = localHeader(record);
    at += header.byteLength + bytes.byteLength;
    if (at > 0xffff0000) throw new Error('torch archive: too large: expected under 4 GiB; use safetensors instead');
    yield header;
    yield bytes;
    records.push(record);
  }
  const directory = records.map(directoryEntry);
  yield* directory;
  const size = directory.reduce((sum, entry) => sum + entry.byteLength, 0);
  yield endRecord(records.length, size, at);
}

function localHeader({ name, bytes, crc, at }: StoredFile): Uint8Array {
  const unpadded = at + 30 + name.length + 4;
  const padding = (ALIGNMENT - (unpadded % ALIGNMENT)) % ALIGNMENT;
  const out = new Uint8Array(30 + name.length + 4 + padding);
  const view = new DataView(out.buffer);
  view.setUint32(0, 0x04034b50, true);
  describeEntry(view, 4, name, bytes, crc);
  view.setUint16(28, 4 + padding, true);
  out.set(name, 30);
  // An extra field of torch's own kind, "FB", filled with Z.
  view.setUint16(30 + name.length, 0x4246, true);
  view.setUint16(32 + name.length, padding, true);
  out.fill(0x5a, 34 + name.length);
  return out;
}

function directoryEntry({ name, bytes, crc, at }: StoredFile): Uint8Array {
  const out = new Uint8Array(46 + name.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, 0x02014b50, true);
  describeEntry(view, 6, name, bytes, crc);
  view.setUint32(42, at, true);
  out.set(name, 46);
  return out;
}

/** The fields that local header and directory share, from the version needed on: stored, UTF-8 name, 1 January 1980. */
function describeEntry(view: DataView, start: number, name: Uint8Array, bytes: Uint8Array, crc: number): void {
  view.setUint16(start + 2, 0x0800, true);
  view.setUint16(start + 8, 0x21, true);
  view.setUint32(start + 10, crc, true);
  view.setUint32(start + 14, bytes.byteLength, true);
  view.setUint32(start + 18, bytes.byteLength, true);
  view.setUint16(start + 22, name.length, true);
}

function endRecord(count: number, size: number, at: number): Uint8Array {
  if (count > 0xffff) throw new Error(`torch archive: too many tensors: expected at most 65535 entries, got ${count}`);
  const view = new DataView(new ArrayBuffer(22));
  view.setUint32(0, 0x06054b50, true);
  view.setUint16(8, count, true);
  view.setUint16(10, count, true);
  view.setUint32(12, size, true);
  view.setUint32(16, at, true);
  return new Uint8Array(view.buffer);
}
