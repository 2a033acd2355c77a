/**
 * Reads zip archives with stored (uncompressed) entries, as torch writes them: central directory, zip64, checksums.
 * Only the requested ranges are read.
 */
import { crc32 } from './crc32.js';
import { shownText } from './shown_text.js';
import { type ByteSource, checkRange } from './source.js';

export interface ZipEntry {
  readonly name: string;
  /** Length in bytes, unpacked. */
  readonly size: number;
  readonly packedSize: number;
  readonly crc: number;
  readonly flags: number;
  readonly method: number;
  /** Where the entry's local header is. */
  readonly headerAt: number;
}

export interface ZipArchive {
  readonly name: string;
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /** The whole entry, its checksum verified. Throws for compressed and encrypted entries. */
  read(entry: string): Promise<Uint8Array>;
  /** A range of an entry; the first read of an entry verifies its checksum, chunk by chunk. */
  readRange(entry: string, offset: number, length: number): Promise<Uint8Array>;
}

const END_SIZE = 22;
const LOCATOR_SIZE = 20;
const CHUNK = 1 << 23;
/** Longest directory, in bytes: an entry takes about 100. */
const MAX_DIRECTORY = 1 << 25;

/** Whether the source begins like a zip archive. */
export async function looksLikeZip(source: ByteSource): Promise<boolean> {
  if (source.size < 4) return false;
  return viewOf(await source.read(0, 4)).getUint32(0, true) === 0x04034b50;
}

/**
 * Opens a zip archive. Only its central directory is read.
 *
 * @throws one-line errors for: a missing or broken directory, an archive split into several files, a name that occurs
 * twice.
 */
export async function openZip(source: ByteSource): Promise<ZipArchive> {
  const directory = await findDirectory(source);
  const entries = parseDirectory(source, directory, await source.read(directory.at, directory.size));
  const verified = new Set<string>();

  /** The entry and where its bytes start. */
  async function locate(name: string): Promise<{ entry: ZipEntry; start: number }> {
    const entry = entries.get(name);
    if (entry === undefined) throw new Error(`${source.name}: entry is missing: expected ${shownText(name)}`);
    return { entry, start: await startOfData(source, entry, directory.at) };
  }

  function check(entry: ZipEntry, crc: number): void {
    if (crc !== entry.crc) {
      throw new Error(
        `${source.name}: entry ${shownText(entry.name)} is damaged: expected checksum ${hex(entry.crc)}, got ${hex(crc)}; download the file again`,
      );
    }
    verified.add(entry.name);
  }

  return {
    name: source.name,
    entries,
    async read(name) {
      const { entry, start } = await locate(name);
      const bytes = await source.read(start, entry.size);
      check(entry, crc32(bytes));
      return bytes;
    },
    async readRange(name, offset, length) {
      const { entry, start } = await locate(name);
      checkRange({ name: `${source.name}: entry ${shownText(name)}`, size: entry.size }, offset, length);
      if (offset === 0 && length === entry.size) {
        const bytes = await source.read(start, length);
        check(entry, crc32(bytes));
        return bytes;
      }
      if (!verified.has(name)) {
        let crc = 0;
        for (let at = 0; at < entry.size; at += CHUNK) {
          crc = crc32(await source.read(start + at, Math.min(CHUNK, entry.size - at)), crc);
        }
        check(entry, crc);
      }
      return source.read(start + offset, length);
    },
  };
}

interface Directory {
  readonly at: number;
  readonly size: number;
  readonly count: number;
}

/** Finds the central directory by the record at the end of the archive, or by its zip64 record if there is one. */
async function findDirectory(source: ByteSource): Promise<Directory> {
  const { name, size } = source;
  const tailSize = Math.min(size, END_SIZE + 65535 + LOCATOR_SIZE);
  const tail = viewOf(await source.read(size - tailSize, tailSize));
  let end = tailSize - END_SIZE;
  // The record ends with a comment of the length it states; bytes that only look like a record do not.
  while (end >= 0 && !(isAt(tail, end, 0x06054b50) && end + END_SIZE + tail.getUint16(end + 20, true) === tailSize))
    end--;
  if (end < 0) {
    throw new Error(`${name}: not a zip archive: expected an end record, got none; the download may be incomplete`);
  }
  let disks = tail.getUint16(end + 4, true) | tail.getUint16(end + 6, true);
  let count = tail.getUint16(end + 10, true);
  let directorySize = tail.getUint32(end + 12, true);
  let at = tail.getUint32(end + 16, true);
  let limit = size - tailSize + end;
  const locator = end - LOCATOR_SIZE;
  if (locator >= 0 && isAt(tail, locator, 0x07064b50)) {
    limit = toNumber(tail.getBigUint64(locator + 8, true));
    if (limit + 56 > size) throw broken(name, 'zip64 end record within the file', `offset ${limit}`);
    const end64 = viewOf(await source.read(limit, 56));
    if (!isAt(end64, 0, 0x06064b50)) throw broken(name, 'a zip64 end record', hex(end64.getUint32(0, true)));
    disks = end64.getUint32(16, true) | end64.getUint32(20, true);
    count = toNumber(end64.getBigUint64(32, true));
    directorySize = toNumber(end64.getBigUint64(40, true));
    at = toNumber(end64.getBigUint64(48, true));
  }
  if (disks !== 0) throw new Error(`${name}: archive is split: expected one file, got a part of several; join them`);
  if (at + directorySize > limit || directorySize > MAX_DIRECTORY) {
    throw broken(name, `a directory before byte ${limit}`, `${directorySize} bytes at ${at}`);
  }
  return { at, size: directorySize, count };
}

function parseDirectory(source: ByteSource, directory: Directory, bytes: Uint8Array): Map<string, ZipEntry> {
  const view = viewOf(bytes);
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < directory.count; i++) {
    if (at + 46 > bytes.length || !isAt(view, at, 0x02014b50)) {
      throw broken(source.name, `${directory.count} directory entries`, `${i}`);
    }
    const nameEnd = at + 46 + view.getUint16(at + 28, true);
    const extraEnd = nameEnd + view.getUint16(at + 30, true);
    const next = extraEnd + view.getUint16(at + 32, true);
    if (next > bytes.length) throw broken(source.name, `${directory.count} directory entries`, `${i}`);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, nameEnd));
    const long = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)];
    readZip64(source.name, view, nameEnd, extraEnd, long);
    const [size, packedSize, headerAt] = long as [number, number, number];
    if (entries.has(name)) throw broken(source.name, 'each entry once', `${shownText(name)} twice`);
    entries.set(name, {
      name,
      size,
      packedSize,
      crc: view.getUint32(at + 16, true),
      flags: view.getUint16(at + 8, true),
      method: view.getUint16(at + 10, true),
      headerAt,
    });
    at = next;
  }
  return entries;
}

/** Replaces each of `long` that is 2^32 - 1 by the next 64-bit value of the extra field with id 1. */
function readZip64(file: string, view: DataView, start: number, end: number, long: number[]): void {
  let at = start;
  while (at + 4 <= end && view.getUint16(at, true) !== 1) at += 4 + view.getUint16(at + 2, true);
  const stop = at + 4 <= end ? Math.min(end, at + 4 + view.getUint16(at + 2, true)) : end;
  at += 4;
  for (let i = 0; i < long.length; i++) {
    if (long[i] !== 0xffffffff) continue;
    if (at + 8 > stop) throw broken(file, 'a 64-bit size in the extra field', 'none');
    long[i] = toNumber(view.getBigUint64(at, true));
    at += 8;
  }
}

/** Where the entry's bytes start, after its local header, which must agree with the directory. */
async function startOfData(source: ByteSource, entry: ZipEntry, directoryAt: number): Promise<number> {
  const what = `${source.name}: entry ${shownText(entry.name)}`;
  if ((entry.flags & 1) !== 0) throw new Error(`${what} is encrypted: expected a plain entry; decrypt the archive`);
  if (entry.method !== 0 || entry.packedSize !== entry.size) {
    throw new Error(
      `${what} is compressed: expected a stored entry, got method ${entry.method}; unpack it and pack it again without compression (zip -0 -r)`,
    );
  }
  const nameBytes = new TextEncoder().encode(entry.name);
  if (entry.headerAt + 30 + nameBytes.length > directoryAt) throw broken(what, 'a local header', 'the directory');
  const header = await source.read(entry.headerAt, 30 + nameBytes.length);
  const view = viewOf(header);
  const sameName =
    view.getUint16(26, true) === nameBytes.length && nameBytes.every((byte, i) => header[30 + i] === byte);
  if (!isAt(view, 0, 0x04034b50) || !sameName)
    throw broken(what, 'its local header', `other bytes at ${entry.headerAt}`);
  const start = entry.headerAt + 30 + nameBytes.length + view.getUint16(28, true);
  if (start + entry.size > directoryAt) {
    throw broken(what, `bytes before the directory at ${directoryAt}`, `bytes up to ${start + entry.size}`);
  }
  return start;
}

function isAt(view: DataView, at: number, signature: number): boolean {
  return view.getUint32(at, true) === signature;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Infinity for a number beyond the size of any file: range checks then fail. */
function toNumber(value: bigint): number {
  return value > BigInt(Number.MAX_SAFE_INTEGER) ? Number.POSITIVE_INFINITY : Number(value);
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, '0')}`;
}

function broken(file: string, expected: string, got: string): Error {
  return new Error(`${file}: zip archive is broken: expected ${expected}, got ${got}; download the file again`);
}
