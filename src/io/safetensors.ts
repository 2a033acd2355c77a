/**
 * Reads safetensors files: 8 bytes of header length, a JSON header, the tensors' bytes. Everything the format promises is
 * checked before a tensor is read. Tensors are read one at a time.
 */
import { parseJson } from './bounded_json.js';
import { DTYPES, type Dtype, dtypeSize, elementsOf, isDtype } from './dtype.js';
import { shownText } from './shown_text.js';
import type { ByteSource } from './source.js';
import { makeTensorFile, type TensorFile, type TensorInfo } from './tensor_file.js';

/** Longest header, in bytes: one for CLIP takes 60 kB, the longest of any model some MB. */
const MAX_HEADER = 1 << 23;
/** Types of the format that are not read: numbers of 8 bits and fewer, unsigned and complex numbers. */
const OTHER_DTYPE = /^(?:F\d+_E\d+M\d+(?:FN|FNUZ)?|F[46]|U(?:16|32|64)|C(?:64|128))$/;
/** Tensors have no more dimensions than this. */
const MAX_RANK = 64;

interface PlacedTensor extends Omit<TensorInfo, 'dtype'> {
  /** Undefined where the numbers are of a type that is not read. */
  readonly dtype: Dtype | undefined;
  /** The type as the file states it. */
  readonly stated: string;
  /** Offsets into the bytes after the header. */
  readonly begin: number;
  readonly end: number;
}

/**
 * Opens a safetensors file. Only the header is read; `read` and `readF32` of the result read one tensor each.
 *
 * @throws one-line errors for: a truncated or oversized file, a header that is too long, is not UTF-8, is not a JSON
 * object or has a key twice, an unknown dtype (those of the format that are not read are left out and listed), a shape that does not fit its offsets, tensors that overlap or leave
 * holes.
 */
export async function openSafetensors(source: ByteSource): Promise<TensorFile> {
  const { header, dataStart } = await readHeader(source);
  const { metadata, placed } = parseHeader(source.name, header);
  checkLayout(source.name, placed, source.size - dataStart);
  const at = new Map(placed.map((t) => [t.name, dataStart + t.begin]));
  const infos = placed.flatMap(({ name, dtype, shape, byteLength }): TensorInfo[] =>
    dtype === undefined ? [] : [{ name, dtype, shape, byteLength }],
  );
  const unread = placed.flatMap(({ name, dtype, stated }): [string, string][] =>
    dtype === undefined ? [[name, `its numbers are of ${stated}, which is not supported`]] : [],
  );
  const file = makeTensorFile(source.name, metadata, infos, (info) => source.read(at.get(info.name)!, info.byteLength));
  return { ...file, unread: new Map(unread) };
}

async function readHeader(source: ByteSource): Promise<{ header: string; dataStart: number }> {
  const { name, size } = source;
  if (size < 8) {
    throw new Error(
      `${name}: not a safetensors file: expected 8 bytes of header length, got a file of ${size} bytes; the download may be incomplete`,
    );
  }
  const head = await source.read(0, 8);
  const length = Number(new DataView(head.buffer).getBigUint64(0, true));
  if (length > MAX_HEADER) {
    throw new Error(
      `${name}: header is too long: expected at most ${MAX_HEADER} bytes, got ${length}; this may not be a safetensors file`,
    );
  }
  if (length > size - 8) {
    throw new Error(
      `${name}: header is truncated: expected ${length} bytes, got ${size - 8}; the download may be incomplete`,
    );
  }
  const bytes = await source.read(8, length);
  let header: string;
  try {
    header = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error(`${name}: header is broken: expected UTF-8 text, got other bytes; download the file again`);
  }
  if (!header.startsWith('{')) {
    throw new Error(
      `${name}: header is broken: expected a JSON object that starts with {, got ${JSON.stringify(shownText(header.slice(0, 1)))}; this may not be a safetensors file`,
    );
  }
  return { header, dataStart: 8 + length };
}

function parseHeader(file: string, header: string): { metadata: Map<string, string>; placed: PlacedTensor[] } {
  const root = parseJson(`${file}: header`, header) as object;
  let metadata = new Map<string, string>();
  const placed: PlacedTensor[] = [];
  for (const [name, value] of Object.entries(root)) {
    if (name === '__metadata__') metadata = parseMetadata(file, value);
    else placed.push(parseTensor(`${file}: tensor ${shownText(name)}`, name, value));
  }
  return { metadata, placed };
}

function parseMetadata(file: string, value: unknown): Map<string, string> {
  if (!isRecord(value)) throw new Error(`${file}: __metadata__ is broken: expected an object, got ${kindOf(value)}`);
  const metadata = new Map<string, string>();
  for (const [key, text] of Object.entries(value)) {
    if (typeof text !== 'string') {
      throw new Error(`${file}: __metadata__ is broken: expected text under ${shownText(key)}, got ${kindOf(text)}`);
    }
    metadata.set(key, text);
  }
  return metadata;
}

function parseTensor(what: string, name: string, value: unknown): PlacedTensor {
  if (!isRecord(value)) throw new Error(`${what}: entry is broken: expected an object, got ${kindOf(value)}`);
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== 'string' || !(isDtype(dtype) || OTHER_DTYPE.test(dtype))) {
    throw new Error(`${what}: dtype is not supported: expected one of ${DTYPES.join(' ')}, got ${showJson(dtype)}`);
  }
  if (!isCounts(shape) || shape.length > MAX_RANK) {
    throw new Error(
      `${what}: shape is broken: expected at most ${MAX_RANK} whole numbers of 0 or more, got ${showJson(shape)}`,
    );
  }
  if (!isCounts(offsets) || offsets.length !== 2 || offsets[0]! > offsets[1]!) {
    throw new Error(`${what}: data_offsets are broken: expected [begin, end], begin <= end, got ${showJson(offsets)}`);
  }
  const [begin, end] = offsets as [number, number];
  const byteLength = isDtype(dtype) ? elementsOf(shape) * dtypeSize(dtype) : end - begin;
  if (byteLength !== end - begin) {
    throw new Error(
      `${what}: size is wrong: expected ${byteLength} bytes for ${dtype} [${shownText(shape.join(', '))}], got ${end - begin}`,
    );
  }
  return { name, dtype: isDtype(dtype) ? dtype : undefined, stated: dtype, shape, byteLength, begin, end };
}

/** @throws unless the tensors cover the bytes after the header exactly: no hole, no overlap, nothing after the last one */
function checkLayout(file: string, tensors: readonly PlacedTensor[], dataSize: number): void {
  let at = 0;
  let before = 'the header';
  for (const t of [...tensors].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (t.begin !== at) {
      const wrong = t.begin < at ? `overlaps ${before}` : `leaves a hole after ${before}`;
      throw new Error(`${file}: tensor ${shownText(t.name)}: ${wrong}: expected offset ${at}, got ${t.begin}`);
    }
    at = t.end;
    before = shownText(t.name);
  }
  if (at > dataSize) {
    throw new Error(
      `${file}: file is truncated: expected ${at} bytes of tensors, got ${dataSize}; the download may be incomplete`,
    );
  }
  if (at < dataSize) {
    throw new Error(`${file}: file is too long: expected ${at} bytes of tensors, got ${dataSize}; download it again`);
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((d) => Number.isSafeInteger(d) && d >= 0);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

function showJson(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return shownText(text, 60);
}
