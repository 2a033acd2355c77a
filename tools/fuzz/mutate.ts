/** Damages bytes as disks, downloads and attackers do. */
import type { Rng } from '../pictures/rng.js';

/** Numbers at the edges of what fields hold. */
const EDGES = [
  0,
  1,
  2,
  3,
  7,
  8,
  127,
  128,
  255,
  256,
  32767,
  32768,
  65535,
  65536,
  2 ** 24,
  2 ** 31 - 1,
  2 ** 31,
  2 ** 32 - 1,
];
const WORDS = [
  '-1',
  '0',
  '1e999',
  '99999999999999999999',
  '""',
  '[]',
  '{}',
  'null',
  'true',
  '\\u0000',
  '\\ud800',
  '\n',
  '\u2028',
  '__proto__',
  '../',
  '\x1b[2J',
];
/** Longest input that is made. */
const LONGEST = 1 << 16;

type Change = (rng: Rng, bytes: Uint8Array, others: readonly Uint8Array[]) => Uint8Array;

const spliced = (bytes: Uint8Array, from: number, to: number, middle: Uint8Array): Uint8Array => {
  const out = new Uint8Array(from + middle.length + bytes.length - to);
  out.set(bytes.subarray(0, from));
  out.set(middle, from);
  out.set(bytes.subarray(to), from + middle.length);
  return out;
};

function writeEdge(rng: Rng, bytes: Uint8Array): Uint8Array {
  const size = rng.pick([1, 2, 4, 8]);
  if (bytes.length < size) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const at = rng.int(bytes.length - size + 1);
  const value = rng.chance(0.7) ? rng.pick(EDGES) : rng.bits();
  const little = rng.chance(0.5);
  if (size === 1) view.setUint8(at, value & 255);
  else if (size === 2) view.setUint16(at, value & 65535, little);
  else if (size === 4) view.setUint32(at, value >>> 0, little);
  else view.setBigUint64(at, rng.chance(0.5) ? BigInt(value) : 2n ** 64n - 1n - BigInt(value), little);
  return bytes;
}

const CHANGES: readonly Change[] = [
  (rng, bytes) => {
    if (bytes.length > 0) bytes[rng.int(bytes.length)]! ^= 1 << rng.int(8);
    return bytes;
  },
  (rng, bytes) => {
    if (bytes.length > 0) bytes[rng.int(bytes.length)] = rng.int(256);
    return bytes;
  },
  writeEdge,
  writeEdge,
  // Cut off, cut out, repeated, put in.
  (rng, bytes) => bytes.slice(0, rng.int(bytes.length + 1)),
  (rng, bytes) => {
    const from = rng.int(bytes.length + 1);
    return spliced(bytes, from, Math.min(bytes.length, from + rng.int(64)), new Uint8Array(0));
  },
  (rng, bytes) => {
    const from = rng.int(bytes.length + 1);
    const piece = bytes.slice(from, from + 1 + rng.int(64));
    const times = rng.pick([1, 2, 16, 200]);
    return spliced(
      bytes,
      from,
      from,
      Uint8Array.from({ length: piece.length * times }, (_, i) => piece[i % piece.length]!),
    );
  },
  (rng, bytes) => {
    const at = rng.int(bytes.length + 1);
    return spliced(bytes, at, Math.min(bytes.length, at + rng.int(4)), new TextEncoder().encode(rng.pick(WORDS)));
  },
  // The start of one seed with the end of another.
  (rng, bytes, others) => {
    const other = rng.pick(others);
    return spliced(bytes, rng.int(bytes.length + 1), bytes.length, other.subarray(rng.int(other.length + 1)));
  },
  // A decimal number in a text.
  (rng, bytes) => {
    const digits = [...bytes.keys()].filter((i) => bytes[i]! >= 0x30 && bytes[i]! <= 0x39);
    if (digits.length === 0) return bytes;
    const from = rng.pick(digits);
    let to = from;
    while (to < bytes.length && bytes[to]! >= 0x30 && bytes[to]! <= 0x39) to++;
    return spliced(bytes, from, to, new TextEncoder().encode(String(rng.pick(EDGES))));
  },
];

/** A damaged copy: one change or a few, seldom many. */
export function mutate(rng: Rng, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  let out = bytes.slice();
  const times = rng.chance(0.9) ? 1 + rng.int(4) : 1 + rng.int(40);
  for (let i = 0; i < times; i++) out = rng.pick(CHANGES)(rng, out, others).slice(0, LONGEST);
  return out;
}
