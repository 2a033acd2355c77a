/** Zip archives put together by hand, for tests; every field can be made wrong. */
import { crc32 } from '../../src/io/crc32.js';

export interface Entry {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly crc?: number;
  readonly flags?: number;
  readonly method?: number;
  /** Name in the local header, if it is to differ. */
  readonly localName?: string;
  /** Sizes and offset as 64-bit numbers in an extra field. */
  readonly zip64?: boolean;
}

export interface Options {
  readonly comment?: string;
  /** Also writes the zip64 end records and puts 2^32 - 1 into the old ones. */
  readonly zip64?: boolean;
  readonly count?: number;
  readonly disk?: number;
}

/** Little-endian fields: [width in bytes, value] pairs, texts and bytes. */
function pack(...fields: ([number, number | bigint] | string | Uint8Array)[]): Uint8Array {
  const parts = fields.map((field) => {
    if (field instanceof Uint8Array) return field;
    if (typeof field === 'string') return new TextEncoder().encode(field);
    const out = new Uint8Array(field[0]);
    let value = BigInt(field[1]);
    for (let i = 0; i < field[0]; i++, value >>= 8n) out[i] = Number(value & 255n);
    return out;
  });
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

export function buildZip(entries: readonly Entry[], options: Options = {}): Uint8Array {
  const chunks: Uint8Array[] = [];
  const directory: Uint8Array[] = [];
  let at = 0;
  const add = (chunk: Uint8Array) => {
    chunks.push(chunk);
    at += chunk.length;
  };
  for (const { name, bytes, flags = 0, method = 0, localName = name, zip64 = false, ...rest } of entries) {
    const crc = rest.crc ?? crc32(bytes);
    const nameBytes = new TextEncoder().encode(name);
    const localBytes = new TextEncoder().encode(localName);
    const start = at;
    const size: [number, number] = [4, zip64 ? 0xffffffff : bytes.length];
    const extra = zip64
      ? pack([2, 99], [2, 2], 'xx', [2, 1], [2, 24], [8, bytes.length], [8, bytes.length], [8, start])
      : pack();
    add(
      pack(
        [4, 0x04034b50],
        [2, 20],
        [2, flags],
        [2, method],
        [4, 0],
        [4, crc],
        size,
        size,
        [2, localBytes.length],
        [2, 3],
        localBytes,
        'pad',
      ),
    );
    add(bytes);
    directory.push(
      pack([4, 0x02014b50], [2, 20], [2, 20], [2, flags], [2, method], [4, 0], [4, crc], size, size),
      pack([2, nameBytes.length], [2, extra.length], [2, 2], [2, 0], [2, 0], [4, 0], [4, zip64 ? 0xffffffff : start]),
      pack(nameBytes, extra, 'co'),
    );
  }
  const start = at;
  for (const chunk of directory) add(chunk);
  const size = at - start;
  const count = options.count ?? entries.length;
  if (options.zip64) {
    const end = at;
    add(
      pack([4, 0x06064b50], [8, 44], [2, 45], [2, 45], [4, 0], [4, 0], [8, count], [8, count], [8, size], [8, start]),
    );
    add(pack([4, 0x07064b50], [4, 0], [8, end], [4, 1]));
  }
  const small = (width: number, value: number): [number, number] => [width, options.zip64 ? 256 ** width - 1 : value];
  const comment = options.comment ?? '';
  add(
    pack(
      [4, 0x06054b50],
      [2, options.disk ?? 0],
      [2, 0],
      small(2, count),
      small(2, count),
      small(4, size),
      small(4, start),
    ),
  );
  add(pack([2, comment.length], comment));
  const out = new Uint8Array(at);
  let to = 0;
  for (const chunk of chunks) {
    out.set(chunk, to);
    to += chunk.length;
  }
  return out;
}
