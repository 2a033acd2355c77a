/** Reads the numbers and texts of a pickle one after another; reading past the end throws. */
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
  private take(n: number): number {
    const start = this.at;
    if (start + n > this.bytes.length) {
      throw new Error(`pickle is truncated: expected ${n} bytes, got ${this.bytes.length - start}`);
    }
    this.at += n;
    return start;
  }

  u8(): number {
    return this.view.getUint8(this.take(1));
  }

  /** Numbers are little-endian, except f64. */
  u16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  i32(): number {
    return this.view.getInt32(this.take(4), true);
  }

  f64(): number {
    return this.view.getFloat64(this.take(8), false);
  }

  u32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  /** UTF-8 text of `length` bytes. */
  text(length: number): string {
    const start = this.take(length);
    return decode(this.bytes.subarray(start, start + length));
  }

  /** Text up to the end of the line. */
  line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    const length = (end < 0 ? this.bytes.length + 1 : end + 1) - this.at;
    const start = this.take(length);
    return decode(this.bytes.subarray(start, start + length - 1));
  }

  /** A little-endian two's complement number of n bytes. */
  long(n: number): number | bigint {
    const start = this.take(n);
    let value = 0n;
    for (let i = n - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[start + i]!);
    const signed = BigInt.asIntN(8 * n, value);
    return signed >= Number.MIN_SAFE_INTEGER && signed <= Number.MAX_SAFE_INTEGER ? Number(signed) : signed;
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Error('text is broken: expected UTF-8');
  }
}
