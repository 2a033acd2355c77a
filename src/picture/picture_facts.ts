/** What a picture file's header says beyond its size: what our reading of it will cost, and whether the file is whole. */
import { exifOrientation } from './orientation.js';
import { PictureError } from './picture.js';
import { type PictureFormat, readPictureSize, sniffFormat } from './picture_header.js';
import { NEXT_DIRECTORY, readTiffTags, TAG } from './tiff_tags.js';

export interface PictureFacts {
  readonly format: PictureFormat;
  readonly width: number;
  readonly height: number;
  /** EXIF's orientation, 1 to 8; 1 where none is stated, and for TIFF, which decoders turn upright. */
  readonly orientation: number;
  /** Where the name of the EXIF data begins in a JPEG or WebP file that has them. */
  readonly exifAt?: number | undefined;
  /** Grey samples whose values may lie outside 0 to 255. */
  readonly deep: '16-bit' | '32-bit' | 'float' | undefined;
  /** Whether it holds more pages or frames than the first, which alone is read. */
  readonly several: boolean;
  /** Whether grey is stored with 0 for white. */
  readonly whiteIsZero: boolean;
  /** Bytes that the file must have at least; 0 where the header does not say. */
  readonly leastBytes: number;
}

type Found = Partial<Omit<PictureFacts, 'format'>>;

const fourLetters = (b: Uint8Array, at: number): string => String.fromCharCode(...b.subarray(at, at + 4));

/** Undefined when the bytes end before the pixels do. */
function pngFacts(b: Uint8Array, v: DataView): Found | undefined {
  let found: Found = { deep: b[24] === 16 && b[25] === 0 ? '16-bit' : undefined };
  for (let at = 33; at + 8 <= b.length; ) {
    const length = v.getUint32(at);
    const kind = fourLetters(b, at + 4);
    if (kind === 'IDAT' || kind === 'IEND') return found;
    if (kind === 'acTL' && at + 12 <= b.length) found = { ...found, several: v.getUint32(at + 8) > 1 };
    if (kind === 'eXIf') found = { ...found, orientation: exifOrientation(b.subarray(at + 8, at + 8 + length)) };
    at += 12 + length;
  }
  return undefined;
}

/** Walks the segments before the frame. */
function jpegFacts(b: Uint8Array, v: DataView): Found {
  for (let at = 2; at + 10 <= b.length && b[at] === 0xff; at += 2 + v.getUint16(at + 2)) {
    const marker = b[at + 1]!;
    if (marker === 0xda || marker === 0xd9) break;
    if (marker === 0xe1 && fourLetters(b, at + 4) === 'Exif') {
      return { exifAt: at + 4, orientation: exifOrientation(b.subarray(at + 10, at + 2 + v.getUint16(at + 2))) };
    }
  }
  return {};
}

function webpFacts(b: Uint8Array, v: DataView): Found | undefined {
  const leastBytes = v.getUint32(4, true) + 8;
  const flags = fourLetters(b, 12) === 'VP8X' ? (b[20] ?? 0) : 0;
  const plain = { leastBytes, several: (flags & 2) !== 0 };
  if ((flags & 8) === 0) return plain; // no EXIF data
  for (let at = 12; at + 8 <= b.length; ) {
    const length = v.getUint32(at + 4, true);
    if (fourLetters(b, at) === 'EXIF') {
      const skip = fourLetters(b, at + 8) === 'Exif' ? 6 : 0; // some writers keep JPEG's "Exif\0\0"
      return { ...plain, exifAt: at, orientation: exifOrientation(b.subarray(at + 8 + skip, at + 8 + length)) };
    }
    at += 8 + length + (length & 1);
  }
  return undefined;
}

const YCBCR = 6;
/** Bytes that a byte can at most become, by TIFF's number of the compression: none, LZW, deflate (twice), PackBits. */
const MOST_UNPACKED: Readonly<Record<number, number>> = { 1: 1, 5: 4096, 8: 1032, 32946: 1032, 32773: 64 };

/** @throws PictureError when the file is too short for its pixels: decoders would fill them up with black */
function tiffFacts(name: string, b: Uint8Array, fileSize: number): Found | undefined {
  const tags = readTiffTags(b);
  if (!tags) return undefined;
  const first = (tag: number, otherwise: number): number => tags.get(tag)?.[0] ?? otherwise;
  const bits = first(TAG.bits, 1);
  const grey = first(TAG.samples, 1) === 1 && first(TAG.photometric, 1) <= 1;
  const float = first(TAG.format, 1) === 3;
  const offsets = tags.get(TAG.offsets) ?? tags.get(TAG.tileOffsets) ?? [];
  const counts = tags.get(TAG.byteCounts) ?? tags.get(TAG.tileByteCounts) ?? [];
  const [width, height] = [first(TAG.width, 0), first(TAG.height, 0)];
  const ratio = MOST_UNPACKED[first(TAG.compression, 1)] ?? Number.POSITIVE_INFINITY;
  const subsampled = first(TAG.photometric, 1) === YCBCR;
  const needed = height * Math.ceil((width * bits * first(TAG.samples, 1)) / (subsampled ? 32 : 8));
  if (fileSize * ratio < needed) {
    const problem = `truncated TIFF: ${fileSize} bytes cannot hold ${width}x${height} pixels`;
    throw new PictureError(name, problem, 'copy or download it again');
  }
  return {
    width,
    height,
    deep: !grey || bits <= 8 ? undefined : float ? 'float' : bits > 16 ? '32-bit' : '16-bit',
    several: first(NEXT_DIRECTORY, 0) !== 0,
    whiteIsZero: first(TAG.photometric, 1) === 0,
    leastBytes: offsets.reduce((most, offset, i) => Math.max(most, offset + (counts[i] ?? 0)), 0),
  };
}

function bmpFacts(v: DataView): Found {
  const core = v.getUint32(14, true) === 12;
  const compression = core || v.byteLength < 34 ? 0 : v.getUint32(30, true);
  if (compression !== 0 && compression !== 3) return {}; // run-length coded
  const [width, height] = core
    ? [v.getUint16(18, true), v.getUint16(20, true)]
    : [v.getInt32(18, true), Math.abs(v.getInt32(22, true))];
  const bits = v.getUint16(core ? 24 : 28, true);
  // The padding of the very last row may be missing.
  const rows = Math.ceil((width * bits) / 32) * 4 * (height - 1) + Math.ceil((width * bits) / 8);
  return { leastBytes: v.getUint32(10, true) + rows };
}

/**
 * Reads a file's header.
 * @param bytes the file, or its beginning
 * @param fileSize of the whole file, in bytes
 * @returns undefined when `bytes` end before all of it was found: give more, or decode the file
 * @throws PictureError when it is not a picture in a known format, or its header is broken
 */
export function readPictureFacts(
  name: string,
  bytes: Uint8Array,
  fileSize: number = bytes.length,
): PictureFacts | undefined {
  const format = sniffFormat(name, bytes);
  const v = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = readPictureSize(name, bytes, format);
  try {
    const found = {
      png: () => pngFacts(bytes, v),
      jpeg: () => jpegFacts(bytes, v),
      webp: () => webpFacts(bytes, v),
      tiff: () => tiffFacts(name, bytes, fileSize),
      bmp: () => bmpFacts(v),
    }[format]();
    if (!found) return undefined;
    const plain = {
      width: 0,
      height: 0,
      orientation: 1,
      deep: undefined,
      several: false,
      whiteIsZero: false,
      leastBytes: 0,
    };
    return { ...plain, ...found, ...size, format };
  } catch (error) {
    if (error instanceof RangeError) throw new PictureError(name, `broken ${format}: bad header`, 'copy it again');
    throw error;
  }
}
