/**
 * Number formats of stored tensors and their conversion to and from float32.
 *
 * Bytes are little-endian, as in safetensors and torch files and on every platform with WebGPU, so typed arrays view them
 * directly.
 */

const SIZES = { F64: 8, F32: 4, F16: 2, BF16: 2, I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 } as const;

/** The formats that are read and written, by their names in safetensors. */
export type Dtype = keyof typeof SIZES;

/** Every format, widest first. */
export const DTYPES = Object.keys(SIZES) as readonly Dtype[];

export function isDtype(name: string): name is Dtype {
  return Object.hasOwn(SIZES, name);
}

/** Bytes of one element. */
export function dtypeSize(dtype: Dtype): number {
  return SIZES[dtype];
}

/** Number of elements of a shape; NaN when a dimension is not a count or the product exceeds 2^53 - 1. */
export function elementsOf(shape: readonly number[]): number {
  let n = 1;
  for (const d of shape) n = Number.isSafeInteger(d) && d >= 0 && Number.isSafeInteger(n * d) ? n * d : Number.NaN;
  return n;
}

/**
 * The values as float32. F16 and BF16 convert exactly; F64 and whole numbers above 2^24 round to nearest, ties to even.
 * F32 bytes that are aligned to 4 are viewed, not copied.
 */
export function toF32(bytes: Uint8Array, dtype: Dtype): Float32Array {
  const size = dtypeSize(dtype);
  if (bytes.byteLength % size !== 0) {
    throw new Error(`dtype: ${dtype} bytes are incomplete: expected a multiple of ${size}, got ${bytes.byteLength}`);
  }
  const n = bytes.byteLength / size;
  const { buffer, byteOffset } = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  switch (dtype) {
    case 'F32':
      return new Float32Array(buffer, byteOffset, n);
    case 'F16':
      return unpackF16(new Uint16Array(buffer, byteOffset, n));
    case 'BF16':
      return unpackBf16(new Uint16Array(buffer, byteOffset, n));
    case 'F64':
      return new Float32Array(new Float64Array(buffer, byteOffset, n));
    case 'I64':
      return Float32Array.from(new BigInt64Array(buffer, byteOffset, n), Number);
    case 'I32':
      return new Float32Array(new Int32Array(buffer, byteOffset, n));
    case 'I16':
      return new Float32Array(new Int16Array(buffer, byteOffset, n));
    case 'I8':
      return new Float32Array(new Int8Array(buffer, byteOffset, n));
    case 'U8':
      return new Float32Array(new Uint8Array(buffer, byteOffset, n));
    case 'BOOL':
      return Float32Array.from(new Uint8Array(buffer, byteOffset, n), (v) => (v === 0 ? 0 : 1));
  }
}

let f16Table: Uint32Array | undefined;

/** Bits of the float32 for each of the 65536 half patterns, NaN payloads kept. */
function halfTable(): Uint32Array {
  if (f16Table !== undefined) return f16Table;
  const table = new Uint32Array(65536);
  const value = new Float32Array(1);
  const bits = new Uint32Array(value.buffer);
  for (let h = 0; h < 65536; h++) {
    const sign = (h & 0x8000) << 16;
    const exponent = (h >> 10) & 31;
    const mantissa = h & 0x3ff;
    if (exponent === 0) {
      value[0] = mantissa * 2 ** -24; // zero and subnormals: a whole number of 2^-24
      table[h] = bits[0]! | sign;
    } else {
      const wide = exponent === 31 ? 255 : exponent + 112;
      table[h] = sign | (wide << 23) | (mantissa << 13);
    }
  }
  f16Table = table;
  return table;
}

/** IEEE half patterns to float32, exact. */
export function unpackF16(half: Uint16Array): Float32Array {
  const table = halfTable();
  const out = new Float32Array(half.length);
  const bits = new Uint32Array(out.buffer);
  for (let i = 0; i < half.length; i++) bits[i] = table[half[i]!]!;
  return out;
}

/** bfloat16 patterns (the upper half of a float32) to float32, exact. */
export function unpackBf16(half: Uint16Array): Float32Array {
  const out = new Float32Array(half.length);
  const bits = new Uint32Array(out.buffer);
  for (let i = 0; i < half.length; i++) bits[i] = half[i]! << 16;
  return out;
}

/** The bits of a float32 as a half pattern: nearest, ties to even, subnormals kept, infinity above 65504 + 15. */
function halfBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= 0x47800000) {
    if (magnitude <= 0x7f800000) return sign | 0x7c00; // 2^16 and above, infinity
    return sign | 0x7c00 | ((magnitude >>> 13) & 0x3ff || 0x200); // a NaN keeps as much of its payload as fits
  }
  if (magnitude >= 0x38800000) {
    // Normal: move the bias from 127 to 15, then round away 13 bits; a carry into the exponent is the right answer.
    const moved = magnitude - 0x38000000;
    return sign | ((moved + 0xfff + ((moved >>> 13) & 1)) >>> 13);
  }
  const exponent = magnitude >>> 23;
  if (exponent < 102) return sign; // below 2^-25, half the smallest subnormal
  const mantissa = (magnitude & 0x7fffff) | 0x800000;
  const shift = 126 - exponent;
  const kept = mantissa >>> shift;
  const rest = mantissa & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (kept + (rest > half || (rest === half && (kept & 1) === 1) ? 1 : 0));
}

/** Float32 to half patterns: nearest, ties to even. @param out receives them; at least as long as `values` */
export function packF16(values: Float32Array, out: Uint16Array = new Uint16Array(values.length)): Uint16Array {
  if (out.length < values.length) {
    throw new Error(`packF16: output is too short: expected at least ${values.length} values, got ${out.length}`);
  }
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  for (let i = 0; i < bits.length; i++) out[i] = halfBits(bits[i]!);
  return out;
}

/** Whether every value keeps its bits in float32 -> half -> float32 (infinities do, most NaNs do not). */
export function isExactInF16(values: Float32Array): boolean {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const table = halfTable();
  for (let i = 0; i < bits.length; i++) {
    const b = bits[i]!;
    // A half has 10 mantissa bits. Most values that are not halves fail here, and most halves pass the next test.
    if ((b & 0x1fff) !== 0) return false;
    const magnitude = b & 0x7fffffff;
    if (magnitude >= 0x38800000 && magnitude < 0x47800000) continue;
    if (table[halfBits(b)] !== b) return false;
  }
  return true;
}
