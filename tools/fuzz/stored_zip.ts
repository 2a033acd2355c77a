/** Zip archives without compression, as torch's are, taken apart and put together again. */
import { crc32 } from '#src/io/crc32';

export interface StoredEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** The entries of an archive that `storedZip` or our own writer made. */
export function zipEntries(archive: Uint8Array): StoredEntry[] {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const entries: StoredEntry[] = [];
  for (let at = 0; view.getUint32(at, true) === 0x04034b50; ) {
    const nameAt = at + 30;
    const start = nameAt + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
    const end = start + view.getUint32(at + 18, true);
    const name = new TextDecoder().decode(archive.subarray(nameAt, nameAt + view.getUint16(at + 26, true)));
    entries.push({ name, bytes: archive.subarray(start, end) });
    at = end;
  }
  return entries;
}

/** An archive of these entries, with their checksums. */
export function storedZip(entries: readonly StoredEntry[]): Uint8Array {
  const [files, directory]: [Uint8Array[], Uint8Array[]] = [[], []];
  let at = 0;
  for (const { name, bytes } of entries) {
    const nameBytes = new TextEncoder().encode(name);
    const facts = new DataView(new ArrayBuffer(26));
    facts.setUint16(0, 20, true);
    facts.setUint32(10, crc32(bytes), true);
    facts.setUint32(14, bytes.length, true);
    facts.setUint32(18, bytes.length, true);
    facts.setUint16(22, nameBytes.length, true);
    const shared = new Uint8Array(facts.buffer);
    const local = Uint8Array.from([0x50, 0x4b, 3, 4, ...shared, ...nameBytes]);
    const place = new Uint8Array(new Uint32Array([at]).buffer);
    directory.push(
      Uint8Array.from([0x50, 0x4b, 1, 2, 20, 0, ...shared, ...new Uint8Array(10), ...place, ...nameBytes]),
    );
    files.push(local, bytes);
    at += local.length + bytes.length;
  }
  const end = new DataView(new ArrayBuffer(22));
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, entries.length, true);
  end.setUint16(10, entries.length, true);
  end.setUint32(
    12,
    directory.reduce((sum, { length }) => sum + length, 0),
    true,
  );
  end.setUint32(16, at, true);
  return new Uint8Array(Buffer.concat([...files, ...directory, new Uint8Array(end.buffer)]));
}
