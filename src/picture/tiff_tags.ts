/** The first directory of a TIFF structure: that of a TIFF file, or of the EXIF data inside other formats. */

export const TAG = {
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  photometric: 262,
  offsets: 273,
  orientation: 274,
  samples: 277,
  byteCounts: 279,
  tileOffsets: 324,
  tileByteCounts: 325,
  format: 339,
} as const;

/** Not a tag: where the next directory is, 0 for none. */
export const NEXT_DIRECTORY = -1;

/** Bytes of the whole numbers a tag may hold, by type: BYTE, SHORT, LONG and LONG8. */
const SIZES: Readonly<Record<number, number>> = { 1: 1, 3: 2, 4: 4, 16: 8 };
/** More values of one tag, or more tags, are not read. */
const MOST_VALUES = 1 << 20;
const MOST_TAGS = 4096;

/**
 * Whole numbers of the first directory, by tag; tags of other types are left out.
 * @param bytes from the structure's start; they may end early
 * @returns undefined when it is no TIFF structure, or `bytes` end before its directory does
 */
export function readTiffTags(bytes: Uint8Array): ReadonlyMap<number, readonly number[]> | undefined {
  const v = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 8) return undefined;
  const little = bytes[0] === 0x49;
  if (!(little || bytes[0] === 0x4d) || bytes[1] !== bytes[0]) return undefined;
  const magic = v.getUint16(2, little);
  const big = magic === 43;
  if (!big && magic !== 42) return undefined;
  const whole = (at: number, size: number): number => {
    if (size === 1) return v.getUint8(at);
    if (size === 2) return v.getUint16(at, little);
    return size === 4 ? v.getUint32(at, little) : Number(v.getBigUint64(at, little));
  };
  const word = big ? 8 : 4;
  const entry = big ? 20 : 12;
  try {
    const start = whole(big ? 8 : 4, word);
    const count = Math.min(MOST_TAGS, whole(start, big ? 8 : 2));
    const tags = new Map<number, readonly number[]>();
    for (let i = 0; i < count; i++) {
      const at = start + (big ? 8 : 2) + i * entry;
      const size = SIZES[whole(at + 2, 2)];
      const values = Math.min(MOST_VALUES, whole(at + 4, word));
      if (size === undefined) continue;
      // Values that fit lie in the entry itself, others where it points.
      const place = values * size <= word ? at + 4 + word : whole(at + 4 + word, word);
      if (place + values * size > bytes.length) return undefined;
      tags.set(
        whole(at, 2),
        Array.from({ length: values }, (_, n) => whole(place + n * size, size)),
      );
    }
    const end = start + (big ? 8 : 2) + count * entry;
    if (end + word <= bytes.length) tags.set(NEXT_DIRECTORY, [whole(end, word)]);
    return tags;
  } catch (error) {
    if (error instanceof RangeError) return undefined; // an offset beyond the bytes
    throw error;
  }
}
