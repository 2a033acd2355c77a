/** PNG: chunks are damaged and get their checksum again, or any byte is. */
import { deflateSync } from 'node:zlib';
import { crc32 } from '#src/io/crc32';
import { decode } from '#src/node/decode';
import { mutate } from '../mutate.js';
import type { FuzzTarget } from '../target.js';

const FILE = 'picture.png';
const SIGNATURE = Uint8Array.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** Larger pictures are refused: what is tried here is the decoder, not the patience. */
const MAX_PIXELS = 1_000_000;

function chunk(type: string, data: Uint8Array): Uint8Array {
  const out = new Uint8Array(12 + data.length);
  const view = new DataView(out.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) out[4 + i] = type.charCodeAt(i);
  out.set(data, 8);
  view.setUint32(8 + data.length, crc32(out.subarray(4, 8 + data.length)));
  return out;
}

/** A picture of 5 x 3 pixels of this depth and colour type. */
function picture(depth: number, colour: number, interlaced: boolean): Uint8Array {
  const header = Uint8Array.from([0, 0, 0, 5, 0, 0, 0, 3, depth, colour, 0, 0, interlaced ? 1 : 0]);
  const channels = [1, 0, 3, 1, 2, 0, 4][colour]!;
  const rows = Uint8Array.from({ length: 8 * (1 + Math.ceil((5 * depth * channels) / 8)) }, (_, i) => (i * 37) & 1);
  const palette =
    colour === 3
      ? [
          chunk(
            'PLTE',
            Uint8Array.from({ length: 12 }, (_, i) => 20 * i),
          ),
        ]
      : [];
  const parts = [chunk('IHDR', header), ...palette, chunk('IDAT', deflateSync(rows)), chunk('IEND', new Uint8Array(0))];
  return new Uint8Array(Buffer.concat([SIGNATURE, ...parts]));
}

/** The type and the data of each chunk of a valid file. */
function chunksOf(file: Uint8Array): [string, Uint8Array][] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const chunks: [string, Uint8Array][] = [];
  for (let at = 8; at < file.length; at += 12 + view.getUint32(at)) {
    const type = String.fromCharCode(...file.subarray(at + 4, at + 8));
    chunks.push([type, file.subarray(at + 8, at + 8 + view.getUint32(at))]);
  }
  return chunks;
}

export const png: FuzzTarget = {
  name: 'png',
  file: FILE,
  seeds: async () => [
    picture(8, 2, false),
    picture(16, 6, true),
    picture(1, 0, false),
    picture(4, 3, true),
    picture(16, 0, false),
    picture(8, 4, false),
  ],
  make(rng, seeds) {
    const seed = rng.pick(seeds);
    if (rng.chance(0.3)) return mutate(rng, seed, seeds);
    const chunks = chunksOf(seed).map(([type, data]): [string, Uint8Array] =>
      rng.chance(0.5) ? [type, mutate(rng, data, [data])] : [type, data],
    );
    if (rng.chance(0.2)) chunks.splice(rng.int(chunks.length), 1);
    if (rng.chance(0.2))
      chunks.push(rng.pick(chunks.length > 0 ? chunks : [['IDAT', seed] as const]) as [string, Uint8Array]);
    return new Uint8Array(Buffer.concat([SIGNATURE, ...chunks.map(([type, data]) => chunk(type, data))]));
  },
  run: async (input) => void (await decode(FILE, input, { sharp: false, maxPixels: MAX_PIXELS })),
};
