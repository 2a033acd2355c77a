/**
 * PNG decoder after the PNG specification (ISO/IEC 15948): every colour type, bit depth and Adam7.
 *
 * Pixels come out as Pillow 9.4's `convert('RGB')` gives them, which no general decoder does for all files:
 * alpha and transparent colours are dropped, never blended and never blanked; palette indices beyond the palette are
 * the grey of their number; 16-bit grey is *clipped* at 255; 16-bit grey with alpha and 16-bit RGB(A) keep the high byte.
 */
import { checkPictureSize, type Picture, PictureError } from './picture.js';

/**
 * Inflates a zlib stream given in parts; the host supplies it (zlib in Node, DecompressionStream in a browser).
 * Must reject for a broken or truncated stream, and may reject once more than `limit` bytes come out.
 */
export type Inflate = (parts: readonly Uint8Array[], limit: number) => Promise<Uint8Array>;

const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

interface Pass {
  readonly x0: number;
  readonly y0: number;
  readonly dx: number;
  readonly dy: number;
}
const WHOLE: readonly Pass[] = [{ x0: 0, y0: 0, dx: 1, dy: 1 }];
const ADAM7: readonly Pass[] = [
  { x0: 0, y0: 0, dx: 8, dy: 8 },
  { x0: 4, y0: 0, dx: 8, dy: 8 },
  { x0: 0, y0: 4, dx: 4, dy: 8 },
  { x0: 2, y0: 0, dx: 4, dy: 4 },
  { x0: 0, y0: 2, dx: 2, dy: 4 },
  { x0: 1, y0: 0, dx: 2, dy: 2 },
  { x0: 0, y0: 1, dx: 1, dy: 2 },
];

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colour: number;
  readonly interlaced: boolean;
}

interface Chunks {
  readonly header: Header;
  readonly palette: Uint8Array | undefined;
  readonly parts: readonly Uint8Array[];
}

const AGAIN = 'copy or download it again';

function readHeader(name: string, bytes: Uint8Array, v: DataView): Header {
  if (bytes.length < 33 || v.getUint32(8) !== 13 || v.getUint32(12) !== 0x49484452) {
    throw new PictureError(name, 'broken PNG: no IHDR chunk at its start', AGAIN);
  }
  const [depth, colour, compression, filter, interlace] = bytes.subarray(24, 29) as unknown as number[];
  if (!DEPTHS[colour!]?.includes(depth!) || compression !== 0 || filter !== 0 || interlace! > 1) {
    throw new PictureError(name, `broken PNG: unknown kind: colour type ${colour}, bit depth ${depth}`, AGAIN);
  }
  const header = { width: v.getUint32(16), height: v.getUint32(20), depth: depth!, colour: colour! };
  return { ...header, interlaced: interlace === 1 };
}

/** Walks the chunks. Their checksums are not verified: zlib's own protects the pixels, and Pillow skips these too. */
function readChunks(name: string, bytes: Uint8Array): Chunks {
  const v = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const header = readHeader(name, bytes, v);
  const parts: Uint8Array[] = [];
  let palette: Uint8Array | undefined;
  for (let at = 33; at + 8 <= bytes.length; ) {
    const length = v.getUint32(at);
    const kind = v.getUint32(at + 4);
    const body = bytes.subarray(at + 8, at + 8 + length);
    if (kind === 0x49444154) parts.push(body); // IDAT; a cut one is noticed by zlib
    if (kind === 0x49454e44) break; // IEND
    if (kind === 0x504c5445) {
      if (length % 3 !== 0 || length > 768 || body.length < length)
        throw new PictureError(name, 'broken PNG: bad palette', AGAIN);
      palette = body;
    }
    at += 12 + length;
  }
  if (parts.length === 0) throw new PictureError(name, 'truncated PNG: no pixel data', AGAIN);
  return { header, palette, parts };
}

/** Undoes the row filters in place; `data` holds one filter byte and `rowBytes` bytes a row. Returns the end. */
function unfilter(data: Uint8Array, start: number, rowBytes: number, rows: number, bpp: number): number {
  let at = start;
  for (let y = 0; y < rows; y++, at += rowBytes + 1) {
    const row = at + 1;
    const end = row + rowBytes;
    const up = y === 0 ? -1 : row - rowBytes - 1; // -1: the row above the first counts as zeros
    switch (data[at]) {
      case 0:
        break;
      case 1:
        for (let i = row + bpp; i < end; i++) data[i] = data[i]! + data[i - bpp]!;
        break;
      case 2:
        if (up >= 0) for (let i = row, j = up; i < end; i++, j++) data[i] = data[i]! + data[j]!;
        break;
      case 3:
        for (let i = 0; i < rowBytes; i++) {
          const left = i < bpp ? 0 : data[row + i - bpp]!;
          const above = up < 0 ? 0 : data[up + i]!;
          data[row + i] = data[row + i]! + ((left + above) >> 1);
        }
        break;
      case 4:
        for (let i = 0; i < rowBytes; i++) {
          const a = i < bpp ? 0 : data[row + i - bpp]!;
          const b = up < 0 ? 0 : data[up + i]!;
          const c = i < bpp || up < 0 ? 0 : data[up + i - bpp]!;
          const pa = Math.abs(b - c);
          const pb = Math.abs(a - c);
          const pc = Math.abs(a + b - c - c);
          data[row + i] = data[row + i]! + (pa <= pb && pa <= pc ? a : pb <= pc ? b : c);
        }
        break;
      default:
        throw new Error(`row filter ${data[at]} does not exist`);
    }
  }
  return at;
}

/** RGB of every value an index or a grey sample of at most 8 bits can have. */
function lookup(header: Header, palette: Uint8Array | undefined): Uint8Array {
  const table = new Uint8Array(768);
  const scale = header.colour === 3 ? 1 : 255 / (2 ** header.depth - 1); // a whole number for 1, 2, 4 and 8 bits
  for (let i = 0; i < 256; i++) table.fill(i * scale, i * 3, i * 3 + 3);
  if (header.colour === 3 && palette) table.set(palette);
  return table;
}

/** Writes one row of `n` pixels from `src[at..]` to `out[to..]`, `step` bytes from pixel to pixel. */
type RowWriter = (src: Uint8Array, at: number, n: number, out: Uint8Array, to: number, step: number) => void;

function rowWriter(header: Header, palette: Uint8Array | undefined): RowWriter {
  const { depth, colour } = header;
  if ((colour === 0 || colour === 3) && depth <= 8) {
    const table = lookup(header, palette);
    const most = 2 ** depth - 1;
    return (src, at, n, out, to, step) => {
      for (let x = 0, o = to; x < n; x++, o += step) {
        const bit = x * depth;
        const i = ((src[at + Math.floor(bit / 8)]! >> (8 - depth - (bit & 7))) & most) * 3;
        out[o] = table[i]!;
        out[o + 1] = table[i + 1]!;
        out[o + 2] = table[i + 2]!;
      }
    };
  }
  if (colour === 0) {
    return (src, at, n, out, to, step) => {
      for (let x = 0, i = at, o = to; x < n; x++, i += 2, o += step)
        out.fill(src[i]! > 0 ? 255 : src[i + 1]!, o, o + 3);
    };
  }
  const sample = depth >> 3;
  const pixel = CHANNELS[colour]! * sample;
  const next = colour === 4 ? 0 : sample; // grey with alpha: the same sample three times
  return (src, at, n, out, to, step) => {
    for (let x = 0, i = at, o = to; x < n; x++, i += pixel, o += step) {
      out[o] = src[i]!;
      out[o + 1] = src[i + next]!;
      out[o + 2] = src[i + 2 * next]!;
    }
  };
}

/**
 * Decodes a PNG file to RGB.
 * @throws PictureError (as a rejection) when the file is broken, truncated or over `maxPixels`
 */
export async function decodePng(
  name: string,
  bytes: Uint8Array,
  inflate: Inflate,
  maxPixels?: number,
): Promise<Picture> {
  const { header, palette, parts } = readChunks(name, bytes);
  const { width, height, depth, colour } = header;
  checkPictureSize(name, width, height, maxPixels);
  const bits = CHANNELS[colour]! * depth;
  const passes = (header.interlaced ? ADAM7 : WHOLE)
    .map((p) => ({ ...p, w: Math.ceil((width - p.x0) / p.dx), h: Math.ceil((height - p.y0) / p.dy) }))
    .filter((p) => p.w > 0 && p.h > 0)
    .map((p) => ({ ...p, rowBytes: Math.ceil((p.w * bits) / 8) }));
  const size = passes.reduce((sum, p) => sum + p.h * (p.rowBytes + 1), 0);
  const out = new Uint8Array(width * height * 3);
  try {
    const raw = await inflate(parts, size + 65536); // a little excess is harmless, a bomb is not
    if (raw.length < size) throw new Error(`expected ${size} bytes of rows, got ${raw.length}`);
    const write = rowWriter(header, palette);
    let at = 0;
    for (const p of passes) {
      const end = unfilter(raw, at, p.rowBytes, p.h, Math.max(1, bits >> 3));
      for (let y = 0; y < p.h; y++) {
        const to = ((p.y0 + y * p.dy) * width + p.x0) * 3;
        write(raw, at + 1 + y * (p.rowBytes + 1), p.w, out, to, p.dx * 3);
      }
      at = end;
    }
  } catch (e) {
    throw new PictureError(name, `broken or truncated PNG: ${e instanceof Error ? e.message : String(e)}`, AGAIN);
  }
  return { name, width, height, channels: 3, data: out };
}
