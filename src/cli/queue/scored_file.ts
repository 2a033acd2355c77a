/**
 * Scored samples as bytes: what a worker computed of them, for the machine that counts.
 *
 * A map is smooth, so the bits of neighbouring values, taken as whole numbers, lie nearly on a line: what is stored are second
 * differences, with their sign moved to the lowest bit, first the lowest bytes of all of them, then the next, and so on; gzip
 * then leaves a fifth of the map. gzip's checksum tells damaged bytes.
 */
import { z } from 'zod';
import type { ScoreMap } from '../../detect/share_map.js';
import { openBundle, packBundle } from './bundle.js';

/** What became of a sample: its scores, or why it cannot be read. */
export type SampleScores =
  | {
      readonly map: ScoreMap;
      readonly score: number;
      /** 0 or 1 per pixel of the map; undefined where there is no mask. */
      readonly mask: Uint8Array | undefined;
    }
  | { readonly broken: string };

export interface ScoredFile {
  /** Name of the adapter that computed it. */
  readonly adapter: string;
  readonly samples: readonly SampleScores[];
}

const SIDE = z
  .int()
  .min(1)
  .max(2 ** 15);
const HEADER = z.strictObject({
  adapter: z.string(),
  samples: z.array(
    z.union([
      z.strictObject({ width: SIDE, height: SIDE, score: z.number(), masked: z.boolean() }),
      z.strictObject({ broken: z.string() }),
    ]),
  ),
});

/** The bytes of second differences of the values' bits, plane by plane. */
function packMap(values: Float32Array): Uint8Array {
  const words = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const { length } = words;
  const planes = new Uint8Array(4 * length);
  let before = 0;
  let step = 0;
  for (let i = 0; i < length; i++) {
    const now = (words[i]! - before) | 0;
    const change = (now - step) | 0;
    const coded = (change << 1) ^ (change >> 31);
    planes[i] = coded;
    planes[length + i] = coded >>> 8;
    planes[2 * length + i] = coded >>> 16;
    planes[3 * length + i] = coded >>> 24;
    before = words[i]!;
    step = now;
  }
  return planes;
}

function unpackMap(planes: Uint8Array): Float32Array<ArrayBuffer> {
  const length = planes.length / 4;
  const words = new Uint32Array(length);
  let value = 0;
  let step = 0;
  for (let i = 0; i < length; i++) {
    const coded =
      planes[i]! | (planes[length + i]! << 8) | (planes[2 * length + i]! << 16) | (planes[3 * length + i]! << 24);
    const change = (coded >>> 1) ^ -(coded & 1);
    step = (step + change) | 0;
    value = (value + step) | 0;
    words[i] = value;
  }
  return new Float32Array(words.buffer);
}

function packMask(mask: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(mask.length / 8));
  for (let i = 0; i < mask.length; i++) if (mask[i]) bits[i >> 3]! |= 1 << (i & 7);
  return bits;
}

function unpackMask(bits: Uint8Array, length: number): Uint8Array {
  const mask = new Uint8Array(length);
  for (let i = 0; i < length; i++) mask[i] = (bits[i >> 3]! >> (i & 7)) & 1;
  return mask;
}

/** A sample as it is stored. */
export interface PackedSample {
  readonly row: z.infer<typeof HEADER>['samples'][number];
  readonly parts: readonly Uint8Array[];
}

/** Packs a sample; done while the device works on the next ones, it costs no time. */
export function packSample(one: SampleScores): PackedSample {
  if ('broken' in one) return { row: one, parts: [] };
  const { map, score, mask } = one;
  const row = { width: map.width, height: map.height, score, masked: mask !== undefined };
  return { row, parts: [packMap(map.data), ...(mask ? [packMask(mask)] : [])] };
}

/** @returns the same bytes for the same scores */
export const encodeScored = (adapter: string, samples: readonly PackedSample[]): Promise<Uint8Array> =>
  packBundle(
    { adapter, samples: samples.map(({ row }) => row) },
    samples.flatMap(({ parts }) => parts),
  );

/**
 * @param bytes of `encodeScored`
 * @throws where they are damaged
 */
export async function decodeScored(bytes: Uint8Array): Promise<ScoredFile> {
  const { header, take, end } = await openBundle(bytes);
  const { adapter, samples } = HEADER.parse(header);
  const decoded = samples.map((row): SampleScores => {
    if ('broken' in row) return row;
    const { width, height, score, masked } = row;
    const pixels = width * height;
    const map = { width, height, data: unpackMap(take(4 * pixels)) };
    return { map, score, mask: masked ? unpackMask(take(Math.ceil(pixels / 8)), pixels) : undefined };
  });
  end();
  return { adapter, samples: decoded };
}
