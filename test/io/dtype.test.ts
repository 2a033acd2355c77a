import { describe, expect, test } from 'vitest';
import {
  dtypeSize,
  elementsOf,
  isDtype,
  isExactInF16,
  packF16,
  toF32,
  unpackBf16,
  unpackF16,
} from '../../src/io/dtype.js';

const bitsOf = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length);
const bytesOf = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
const everyHalf = Uint16Array.from({ length: 65536 }, (_, i) => i);

/** The value of a half pattern by the definition of the format. */
function halfValue(h: number): number {
  const sign = h >= 0x8000 ? -1 : 1;
  const exponent = (h >> 10) & 31;
  const fraction = (h & 0x3ff) / 1024;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * (1 + fraction) * 2 ** (exponent - 15);
}

describe('half floats', () => {
  test('every pattern has the value the format gives it', () => {
    const values = unpackF16(everyHalf);
    for (let h = 0; h < 65536; h++) {
      if (!Object.is(values[h], halfValue(h))) throw new Error(`${h}: expected ${halfValue(h)}, got ${values[h]}`);
    }
  });

  test('every pattern survives the way to float32 and back, NaN payloads too', () => {
    expect(packF16(unpackF16(everyHalf))).toEqual(everyHalf);
    expect(isExactInF16(unpackF16(everyHalf))).toBe(true);
  });

  test('values between two halves round to the nearest, halfway to the even one', () => {
    // Positive finite halves are in order; 65536 stands for what would follow the largest.
    for (let h = 0; h < 0x7c00; h++) {
      const below = halfValue(h);
      const above = h + 1 === 0x7c00 ? 65536 : halfValue(h + 1);
      const middle = new Float32Array([(below + above) / 2, (below + above) / 2, (below + above) / 2]);
      bitsOf(middle)[1]! -= 1;
      bitsOf(middle)[2]! += 1;
      const even = h % 2 === 0 ? h : h + 1;
      const got = packF16(middle);
      if (got[0] !== even || got[1] !== h || got[2] !== h + 1) throw new Error(`${h}: got ${got}`);
      if (isExactInF16(middle.subarray(0, 1)) || isExactInF16(middle.subarray(1, 2))) throw new Error(`${h}: exact`);
      bitsOf(middle)[0]! |= 0x80000000;
      if (packF16(middle.subarray(0, 1))[0] !== (even | 0x8000)) throw new Error(`-${h}: sign`);
    }
  });

  test('values too large become infinity, values too small become zero, NaN stays NaN', () => {
    const values = new Float32Array([65519, 65520, 1e30, Infinity, -Infinity, 2 ** -25, 2 ** -25 * 1.001, -1e-40, NaN]);
    expect([...packF16(values)]).toEqual([0x7bff, 0x7c00, 0x7c00, 0x7c00, 0xfc00, 0, 1, 0x8000, 0x7e00]);
    const quiet = new Float32Array(1);
    bitsOf(quiet)[0] = 0x7f800001; // a payload that does not fit must not turn into infinity
    expect(packF16(quiet)[0]).toBe(0x7e00);
  });

  test.each([
    [0.1, false],
    [65536, false],
    [2 ** -25, false],
    [1.5 * 2 ** -24, false],
    [1 + 2 ** -11, false],
    [1 + 2 ** -10, true],
    [65504, true],
    [-(2 ** -24), true],
    [-0, true],
    [-Infinity, true],
  ])('%f exact in a half: %s', (value, exact) => {
    expect(isExactInF16(new Float32Array([0, 1, value, 2]))).toBe(exact);
  });

  test('packing fills a given array, and refuses one that is too short', () => {
    const out = new Uint16Array(3);
    expect(packF16(new Float32Array([1, 2]), out)).toBe(out);
    expect([...out]).toEqual([0x3c00, 0x4000, 0]);
    expect(() => packF16(new Float32Array(4), out)).toThrow('packF16: output is too short: expected at least 4');
  });
});

describe('toF32', () => {
  test('converts every format', () => {
    const cases: [Parameters<typeof toF32>[1], ArrayBufferView, number[]][] = [
      ['F64', new Float64Array([1 / 3, -0]), [Math.fround(1 / 3), -0]],
      ['F32', new Float32Array([1.5, -2]), [1.5, -2]],
      ['F16', new Uint16Array([0x3c00, 0x8001]), [1, -(2 ** -24)]],
      ['BF16', new Uint16Array([0x3f80, 0xc049]), [1, -3.140625]],
      ['I64', new BigInt64Array([-3n, 2n ** 40n]), [-3, 2 ** 40]],
      ['I32', new Int32Array([-3, 2 ** 30]), [-3, 2 ** 30]],
      ['I16', new Int16Array([-3, 300]), [-3, 300]],
      ['I8', new Int8Array([-3, 100]), [-3, 100]],
      ['U8', new Uint8Array([3, 250]), [3, 250]],
      ['BOOL', new Uint8Array([0, 1]), [0, 1]],
    ];
    for (const [dtype, array, expected] of cases) {
      expect({ dtype, values: [...toF32(bytesOf(array), dtype)] }).toEqual({ dtype, values: expected });
      // The same from bytes that are not aligned.
      const shifted = new Uint8Array(array.byteLength + 1);
      shifted.set(bytesOf(array), 1);
      expect([...toF32(shifted.subarray(1), dtype)]).toEqual(expected);
    }
  });

  test('views aligned float32 without a copy', () => {
    const values = new Float32Array([1, 2]);
    expect(toF32(bytesOf(values), 'F32').buffer).toBe(values.buffer);
  });

  test('keeps every bfloat16 pattern as the upper half of the float32', () => {
    const bits = bitsOf(unpackBf16(everyHalf));
    expect(bits.every((b, i) => b === i * 65536)).toBe(true);
  });

  test('refuses bytes that are not a whole number of elements', () => {
    expect(() => toF32(new Uint8Array(7), 'F32')).toThrow('F32 bytes are incomplete: expected a multiple of 4, got 7');
  });
});

test('dtype names and sizes', () => {
  expect(isDtype('BF16')).toBe(true);
  expect(isDtype('toString')).toBe(false);
  expect(dtypeSize('I64')).toBe(8);
  expect(elementsOf([])).toBe(1);
  expect(elementsOf([3, 0, 5])).toBe(0);
  expect(elementsOf([2 ** 30, 2 ** 30])).toBeNaN();
  expect(elementsOf([0, 1.5])).toBeNaN();
});
