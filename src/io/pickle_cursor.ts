/** Reads the numbers and texts of a pickle one after another; reading past the end throws. */

/** The bytes end before the pickle does. */
export class CutPickleError extends Error {}

/** Longest whole number, in bytes: a storage's key and a checksum are far shorter. */
const MAX_LONG = 256;

const STRICT = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const LATIN = new TextDecoder('latin1');

export class PickleCursor {
  /** Offset of the next read. */
  at = 0;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Moves on by n bytes; returns their offset. */
  skip(n: number): number {
    const start = this.at;
    if (start + n > this.bytes.length) {
      throw new CutPickleError(`pickle is truncated: expected ${n} bytes, got ${this.bytes.length - start}`);
    }
    this.at += n;
    return start;
  }

  u8(): number {
    return this.view.getUint8(this.skip(1));
  }

  /** Numbers are little-endian, except f64. */
  u16(): number {
    return this.view.getUint16(this.skip(2), true);
  }

  i32(): number {
    return this.view.getInt32(this.skip(4), true);
  }

  f64(): number {
    return this.view.getFloat64(this.skip(8), false);
  }

  u32(): number {
    return this.view.getUint32(this.skip(4), true);
  }

  u64(): number {
    return Number(this.view.getBigUint64(this.skip(8), true));
  }

  /** UTF-8 text of `length` bytes. */
  text(length: number): string {
    const start = this.skip(length);
    return decode(this.bytes.subarray(start, start + length));
  }

  /** A text of Python 2 of `length` bytes: UTF-8, or bytes of any kind as the characters of the same numbers. */
  string(length: number): string {
    const start = this.skip(length);
    const bytes = this.bytes.subarray(start, start + length);
    try {
      return STRICT.decode(bytes);
    } catch {
      return LATIN.decode(bytes);
    }
  }

  /** Text up to the end of the line. */
  line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    const length = (end < 0 ? this.bytes.length + 1 : end + 1) - this.at;
    const start = this.skip(length);
    return decode(this.bytes.subarray(start, start + length - 1));
  }

  /** A little-endian two's complement number of n bytes. */
  long(n: number): number | bigint {
    if (n > MAX_LONG) throw new Error(`number is too long: expected at most ${MAX_LONG} bytes, got ${n}`);
    const start = this.skip(n);
    let value = 0n;
    for (let i = n - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[start + i]!);
    const signed = BigInt.asIntN(8 * n, value);
    return signed >= Number.MIN_SAFE_INTEGER && signed <= Number.MAX_SAFE_INTEGER ? Number(signed) : signed;
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return STRICT.decode(bytes);
  } catch {
    throw new Error('text is broken: expected UTF-8');
  }
}
