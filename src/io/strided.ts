/** Copies a strided view of stored elements into row-major order. */

type Elements = Uint8Array | Uint16Array | Uint32Array | BigUint64Array;

function viewAs(bytes: Uint8Array, itemSize: number): Elements {
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % itemSize === 0 ? bytes : new Uint8Array(bytes);
  const n = byteLength / itemSize;
  if (itemSize === 1) return new Uint8Array(buffer, byteOffset, n);
  if (itemSize === 2) return new Uint16Array(buffer, byteOffset, n);
  if (itemSize === 4) return new Uint32Array(buffer, byteOffset, n);
  return new BigUint64Array(buffer, byteOffset, n);
}

/** Whether `stride` (in elements) is row-major; axes of length one may have any stride. */
export function isRowMajor(shape: readonly number[], stride: readonly number[]): boolean {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] === 0) return true;
    if (shape[axis] !== 1 && stride[axis] !== expected) return false;
    expected *= shape[axis]!;
  }
  return true;
}

/** Elements from the first to the last one that the view touches, inclusive; 0 for an empty view. */
export function spanOf(shape: readonly number[], stride: readonly number[]): number {
  let last = 0;
  for (let axis = 0; axis < shape.length; axis++) {
    if (shape[axis] === 0) return 0;
    last += (shape[axis]! - 1) * stride[axis]!;
  }
  return last + 1;
}

/**
 * Row-major copy of the view with `shape` and `stride` (in elements) that starts at the first byte.
 * @param itemSize 1, 2, 4 or 8; bits are copied as they are
 */
export function toRowMajor(
  bytes: Uint8Array,
  itemSize: number,
  shape: readonly number[],
  stride: readonly number[],
): Uint8Array {
  const count = shape.reduce((a, b) => a * b, 1);
  const out = new Uint8Array(count * itemSize);
  if (count === 0) return out;
  const from = viewAs(bytes, itemSize);
  const to = viewAs(out, itemSize);
  const inner = shape.length === 0 ? 1 : shape[shape.length - 1]!;
  const step = shape.length === 0 ? 1 : stride[stride.length - 1]!;
  const index = new Array<number>(Math.max(0, shape.length - 1)).fill(0);
  let base = 0;
  for (let at = 0; at < count; at += inner) {
    for (let i = 0; i < inner; i++) to[at + i] = from[base + i * step]!;
    // The next row: count up the outer indices like an odometer.
    for (let axis = index.length - 1; axis >= 0; axis--) {
      base += stride[axis]!;
      index[axis] = index[axis]! + 1;
      if (index[axis]! < shape[axis]!) break;
      base -= index[axis]! * stride[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}
