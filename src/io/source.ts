/** Where bytes come from: a file, a blob, an array. Readers request the ranges they need and never hold all bytes. */
export interface ByteSource {
  /** Name in error messages: a path or the name of a file. */
  readonly name: string;
  /** Length in bytes. */
  readonly size: number;
  /**
   * Exactly `length` bytes from `offset` on, in a new array that starts at offset 0 of its buffer, so that it can be viewed
   * as any number type. Throws when the range is not within the source.
   */
  read(offset: number, length: number): Promise<Uint8Array>;
  /** The file of that name in the same folder, where there is one: for weights in several files. */
  readonly beside?: (name: string) => Promise<ByteSource>;
}

/** A source of bytes in memory. Reads are copies: a reader cannot change `bytes`. */
export function bytesSource(name: string, bytes: Uint8Array): ByteSource {
  const source: ByteSource = {
    name,
    size: bytes.byteLength,
    async read(offset, length) {
      checkRange(source, offset, length);
      return new Uint8Array(bytes.subarray(offset, offset + length));
    },
  };
  return source;
}

/** @throws unless `length` bytes from `offset` on are within the source */
export function checkRange(source: { name: string; size: number }, offset: number, length: number): void {
  const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(length) && offset >= 0 && length >= 0;
  if (whole && offset + length <= source.size) return;
  throw new Error(
    `${source.name}: read past the end: expected bytes within 0..${source.size}, got ${offset}..${offset + length}; the file may be truncated`,
  );
}
