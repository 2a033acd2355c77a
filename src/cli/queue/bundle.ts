/** A result of several parts as the bytes of one file: a header, then the parts, together under the checksum of gzip. */
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';

const zip = promisify(gzip);
const unzip = promisify(gunzip);

/** @param header as JSON; it tells how the parts are to be cut again */
export async function packBundle(header: unknown, parts: readonly Uint8Array[]): Promise<Uint8Array> {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return zip(Buffer.concat([length, text, ...parts]), { level: 1 });
}

export interface Bundle {
  readonly header: unknown;
  /** The next bytes of the parts. @throws where there are no more */
  take(length: number): Uint8Array;
  /** @throws where bytes are left over */
  end(): void;
}

/** @throws where the bytes are damaged */
export async function openBundle(bytes: Uint8Array): Promise<Bundle> {
  const all = await unzip(bytes);
  let at = 4 + all.readUInt32LE(0);
  const header: unknown = JSON.parse(all.toString('utf8', 4, at));
  return {
    header,
    take: (length) => {
      if (at + length > all.length) throw new Error('ends early');
      at += length;
      return all.subarray(at - length, at);
    },
    end: () => {
      if (at !== all.length) throw new Error('has bytes left over');
    },
  };
}
