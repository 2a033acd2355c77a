/** Finds numbers that are none: one NaN in a weight makes every score NaN. */
import { type Dtype, dtypeSize } from './dtype.js';

/** Where the exponent's bits are all ones, a number is infinite or NaN. */
const EXPONENTS: Partial<Record<Dtype, number>> = { F32: 0x7f800000, F16: 0x7c00, BF16: 0x7f80 };

/**
 * Index of the first element that is NaN or infinite; -1 where there is none.
 * @param bytes little-endian elements
 */
export function firstNonFinite(bytes: Uint8Array, dtype: Dtype): number {
  const size = dtypeSize(dtype);
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % size === 0 ? bytes : new Uint8Array(bytes);
  if (dtype === 'F64') {
    return new Float64Array(buffer, byteOffset, byteLength / 8).findIndex(
      (value) => !Number.isFinite(Math.fround(value)),
    );
  }
  const exponent = EXPONENTS[dtype];
  if (exponent === undefined) return -1;
  const values =
    size === 4
      ? new Uint32Array(buffer, byteOffset, byteLength / 4)
      : new Uint16Array(buffer, byteOffset, byteLength / 2);
  for (let i = 0; i < values.length; i++) if ((values[i]! & exponent) === exponent) return i;
  return -1;
}
