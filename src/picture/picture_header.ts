/** What a file is and how large its picture is, from its first bytes; file names and extensions are never trusted. */
import { PictureError } from './picture.js';

export type PictureFormat = 'png' | 'jpeg' | 'bmp' | 'tiff' | 'webp';

const READABLE = 'convert it to PNG, JPEG, BMP, TIFF or WebP';

/** Signatures of files people hand in by mistake, so that the message can name them. */
const OTHERS: readonly (readonly [string, string, number?])[] = [
  ['GIF8', 'a GIF'],
  ['%PDF', 'a PDF'],
  ['\xff\x0a', 'a JPEG XL picture'],
  ['\0\0\0\x0cJXL ', 'a JPEG XL picture'],
  ['\0\0\0\x0cjP', 'a JPEG 2000 picture'],
  ['\xff\x4f\xff\x51', 'a JPEG 2000 picture'],
  ['8BPS', 'a Photoshop file'],
  ['DICM', 'a DICOM file', 128],
  ['\x76\x2f\x31\x01', 'an OpenEXR picture'],
  ['\0\0\x01\0', 'an icon'],
  ['PK\x03\x04', 'a zip archive'],
  ['\x1f\x8b', 'a gzip archive'],
  ['\x93NUMPY', 'a NumPy array'],
  ['\x89HDF', 'an HDF5 file'],
];

/** Brands of files in ISO's container of media, by the beginning of the brand. */
const BRANDS: readonly (readonly [RegExp, string])[] = [
  [/^avi[fso]/, 'an AVIF picture'],
  [/^(?:hei|hev)/, 'a HEIC picture'],
  [/^(?:mif|msf|mia)/, 'a HEIF picture'],
  [/^crx/, "a camera's raw picture (CR3)"],
  [/^(?:isom|iso\d|mp4|M4V|qt|avc1|3gp)/, 'a video'],
];

/** What the brands of a media container say; the main brand comes first, those it is compatible with follow. */
function byBrand(bytes: Uint8Array): string | undefined {
  if (!startsWith(bytes, 'ftyp', 4)) return undefined;
  const end = Math.min(bytes.length, new DataView(bytes.buffer, bytes.byteOffset).getUint32(0), 256);
  const starts = [8];
  for (let at = 16; at + 4 <= end; at += 4) starts.push(at);
  const brands = starts.map((at) => String.fromCharCode(...bytes.subarray(at, at + 4)));
  // "mif1" is also the general brand of HEIC and AVIF files.
  const known = (brand: string): string | undefined => BRANDS.find(([pattern]) => pattern.test(brand))?.[1];
  const names = brands.map(known).filter((name) => name !== undefined);
  return names.find((name) => name !== 'a HEIF picture') ?? names[0];
}

/** What a text file is, where that tells how it came here. */
function textKind(text: string): string {
  if (/^<(?:!doctype html|html)/i.test(text)) return 'a web page';
  return /^(?:<\?xml[^>]*>\s*)?<svg/i.test(text) ? 'an SVG drawing' : 'a text file';
}

function startsWith(bytes: Uint8Array, text: string, at = 0): boolean {
  for (let i = 0; i < text.length; i++) if (bytes[at + i] !== text.charCodeAt(i)) return false;
  return true;
}

/** The first line of what looks like text (UTF-8 without control characters), else undefined. */
function asText(bytes: Uint8Array): string | undefined {
  const head = bytes.subarray(0, 512);
  for (const b of head) if (b === 127 || (b < 32 && b !== 9 && b !== 10 && b !== 13)) return undefined;
  try {
    // A character may be cut at byte 512, so the decoder runs in streaming mode.
    return new TextDecoder('utf-8', { fatal: true })
      .decode(head, { stream: bytes.length > 512 })
      .trim()
      .split('\n')[0];
  } catch {
    return undefined;
  }
}

/**
 * The format by signature.
 * @throws PictureError for empty files, text files, and formats that are not read; the message says which it is.
 */
export function sniffFormat(name: string, bytes: Uint8Array): PictureFormat {
  if (bytes.length === 0) throw new PictureError(name, 'empty file (0 bytes)', 'copy or download it again');
  if (startsWith(bytes, '\x89PNG\r\n\x1a\n')) return 'png';
  if (startsWith(bytes, '\xff\xd8\xff')) return 'jpeg';
  if (startsWith(bytes, 'RIFF') && startsWith(bytes, 'WEBP', 8)) return 'webp';
  if (['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].some((s) => startsWith(bytes, s))) return 'tiff';
  const text = asText(bytes);
  if (text === undefined && startsWith(bytes, 'BM')) return 'bmp';
  if (text?.startsWith('version https://git-lfs')) {
    throw new PictureError(name, 'not a picture: a Git LFS pointer', 'fetch the real file with `git lfs pull`');
  }
  const signed = (): string | undefined => OTHERS.find(([s, , at]) => startsWith(bytes, s, at ?? 0))?.[1];
  const what = text !== undefined ? textKind(text) : (byBrand(bytes) ?? signed());
  const got =
    what ?? `unknown bytes ${[...bytes.subarray(0, 4)].map((b) => b.toString(16).padStart(2, '0')).join(' ')}`;
  throw new PictureError(name, `not a readable picture: got ${got}`, text !== undefined ? 'check the path' : READABLE);
}

export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

function jpegSize(name: string, b: Uint8Array): PictureSize {
  let at = 2;
  while (at + 9 <= b.length) {
    if (b[at] !== 0xff) {
      at++; // stray bytes between segments are skipped, as decoders do
      continue;
    }
    const marker = b[at + 1]!;
    if (marker === 0xff || marker === 0 || marker === 1 || (marker >= 0xd0 && marker <= 0xd8)) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    // Start-of-frame markers are C0..CF except C4 (Huffman tables), C8 (reserved) and CC (arithmetic tables).
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc) {
      return { height: b[at + 5]! * 256 + b[at + 6]!, width: b[at + 7]! * 256 + b[at + 8]! };
    }
    if (marker === 0xd9 || marker === 0xda) break;
    at += 2 + b[at + 2]! * 256 + b[at + 3]!;
  }
  throw new PictureError(name, 'broken JPEG: no frame header before the end of the file', 'copy or download it again');
}

function webpSize(b: Uint8Array, v: DataView): PictureSize | undefined {
  if (b.length < 30) return undefined;
  if (startsWith(b, 'VP8X', 12)) {
    const at24 = (i: number) => 1 + (b[i]! | (b[i + 1]! << 8) | (b[i + 2]! << 16));
    return { width: at24(24), height: at24(27) };
  }
  if (startsWith(b, 'VP8L', 12)) {
    const bits = v.getUint32(21, true);
    return { width: 1 + (bits & 0x3fff), height: 1 + ((bits >>> 14) & 0x3fff) };
  }
  if (startsWith(b, 'VP8 ', 12))
    return { width: v.getUint16(26, true) & 0x3fff, height: v.getUint16(28, true) & 0x3fff };
  return undefined;
}

/**
 * Width and height as the header states them; undefined for TIFF, whose sizes lie anywhere in the file.
 * @throws PictureError when the file ends inside its header
 */
export function readPictureSize(name: string, bytes: Uint8Array, format: PictureFormat): PictureSize | undefined {
  const v = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const short = () =>
    new PictureError(name, `truncated ${format}: the file ends inside its header`, 'copy or download it again');
  switch (format) {
    case 'jpeg':
      return jpegSize(name, bytes);
    case 'png':
      if (bytes.length < 33) throw short();
      return { width: v.getUint32(16), height: v.getUint32(20) };
    case 'bmp':
      if (bytes.length < 26) throw short();
      return v.getUint32(14, true) === 12
        ? { width: v.getUint16(18, true), height: v.getUint16(20, true) }
        : { width: v.getInt32(18, true), height: Math.abs(v.getInt32(22, true)) };
    case 'webp': {
      const size = webpSize(bytes, v);
      if (!size) throw short();
      return size;
    }
    case 'tiff':
      return undefined;
  }
}
