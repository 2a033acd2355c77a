/**
 * PNG decoder after the PNG specification (ISO/IEC 15948): every colour type, bit depth and Adam7.
 *
 * Pixels come out as Pillow 9.4's `convert('RGB')` gives them, which no general decoder does for all files:
 * alpha and transparent colours are dropped, never blended and never blanked; palette indices beyond the palette are
 * the grey of their number; 16-bit grey is *clipped* at 255; 16-bit grey with alpha and 16-bit RGB(A) keep the high byte.
 */
import { type DepthRule, greyBytes } from './depth.js';
import { checkPictureSize, newPixels, type Picture, PictureError } from './picture.js';
import { type Pass, PngRows } from './png_rows.js';

/**
 * Inflates a zlib stream given in parts, a piece at a time; the host supplies it (zlib in Node, DecompressionStream in a
 * browser). Must throw for a broken or truncated stream.
 * @param size bytes that the stream should give: more may come of a broken one
 */
export type Inflate = (parts: readonly Uint8Array[], size: number) => AsyncIterable<Uint8Array>;

const DEPTHS: Readonly<Record<number, readonly number[]>> = {
  0: [1, 2, 4, 8, 16],
  2: [8, 16],
  3: [1, 2, 4, 8],
  4: [8, 16],
  6: [8, 16],
};
const CHANNELS: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

type Grid = Pick<Pass, 'x0' | 'y0' | 'dx' | 'dy'>;
const WHOLE: readonly Grid[] = [{ x0: 0, y0: 0, dx: 1, dy: 1 }];
const ADAM7: readonly Grid[] = [
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

/** RGB of every value an index or a grey sample of at most 8 bits can have. */
function lookup(header: Header, palette: Uint8Array | undefined): Uint8Array {
  const table = new Uint8Array(768);
  const scale = header.colour === 3 ? 1 : 255 / (2 ** header.depth - 1); // a whole number for 1, 2, 4 and 8 bits
  for (let i = 0; i < 256; i++) table.fill(i * scale, i * 3, i * 3 + 3);
  if (header.colour === 3 && palette) table.set(palette);
  return table;
}

/** Writes one row of `n` pixels to `out[to..]`, `step` bytes from pixel to pixel. */
type RowWriter = (row: Uint8Array, n: number, out: Uint8Array, to: number, step: number) => void;

function rowWriter(header: Header, palette: Uint8Array | undefined): RowWriter {
  const { depth, colour } = header;
  if ((colour === 0 || colour === 3) && depth <= 8) {
    const table = lookup(header, palette);
    const most = 2 ** depth - 1;
    return (src, n, out, to, step) => {
      for (let x = 0, o = to; x < n; x++, o += step) {
        const bit = x * depth;
        const i = ((src[Math.floor(bit / 8)]! >> (8 - depth - (bit & 7))) & most) * 3;
        out[o] = table[i]!;
        out[o + 1] = table[i + 1]!;
        out[o + 2] = table[i + 2]!;
      }
    };
  }
  if (colour === 0) {
    return (src, n, out, to, step) => {
      for (let x = 0, i = 0, o = to; x < n; x++, i += 2, o += step) out.fill(src[i]! > 0 ? 255 : src[i + 1]!, o, o + 3);
    };
  }
  const sample = depth >> 3;
  const pixel = CHANNELS[colour]! * sample;
  const next = colour === 4 ? 0 : sample; // grey with alpha: the same sample three times
  return (src, n, out, to, step) => {
    for (let x = 0, i = 0, o = to; x < n; x++, i += pixel, o += step) {
      out[o] = src[i]!;
      out[o + 1] = src[i + next]!;
      out[o + 2] = src[i + 2 * next]!;
    }
  };
}

/** Deflate cannot make more of a byte than this. */
const MOST_INFLATED = 1032;
/** Bytes after the last row that are tolerated. */
const EXCESS = 65536;

function passesOf({ width, height, interlaced }: Header, bits: number): Pass[] {
  return (interlaced ? ADAM7 : WHOLE)
    .map((p) => ({ ...p, w: Math.ceil((width - p.x0) / p.dx), h: Math.ceil((height - p.y0) / p.dy) }))
    .filter((p) => p.w > 0 && p.h > 0)
    .map((p) => ({ ...p, rowBytes: Math.ceil((p.w * bits) / 8) })); // not shifted: may exceed 32 bits
}

/** Inflates the rows and hands them on. @throws when they end early or never end */
async function readRows(passes: readonly Pass[], parts: readonly Uint8Array[], inflate: Inflate, rows: PngRows) {
  const size = passes.reduce((sum, p) => sum + p.h * (p.rowBytes + 1), 0);
  let got = 0;
  for await (const chunk of inflate(parts, size)) {
    got += chunk.length;
    if (got > size + EXCESS) throw new Error(`more than ${size} bytes of rows`);
    rows.push(chunk);
  }
  if (got < size) throw new Error(`expected ${size} bytes of rows, got ${got}`);
}

/**
 * Decodes a PNG file to RGB.
 * @param depth what becomes of 16-bit grey; the other kinds of 16 bits keep their high byte
 * @throws PictureError (as a rejection) when the file is broken, truncated or over `maxPixels`
 */
export async function decodePng(
  name: string,
  bytes: Uint8Array,
  inflate: Inflate,
  maxPixels?: number,
  depth: DepthRule = 'clip',
): Promise<Picture> {
  const { header, palette, parts } = readChunks(name, bytes);
  const { width, height } = header;
  checkPictureSize(name, width, height, maxPixels);
  const bits = CHANNELS[header.colour]! * header.depth;
  const passes = passesOf(header, bits);
  // Checked before memory is taken for the pixels.
  const packed = parts.reduce((sum, part) => sum + part.length, 0);
  if ((packed * MOST_INFLATED) / height < (width * bits) / 8 - 1) {
    throw new PictureError(name, `truncated PNG: ${packed} bytes cannot hold ${width}x${height} pixels`, AGAIN);
  }
  try {
    if (depth !== 'clip' && header.colour === 0 && header.depth === 16) {
      const samples = new Uint16Array(width * height);
      const rows = new PngRows(passes, 2, ({ x0, y0, dx, dy, w }, y, row) => {
        for (let x = 0, o = (y0 + y * dy) * width + x0; x < w; x++, o += dx)
          samples[o] = row[2 * x]! * 256 + row[2 * x + 1]!;
      });
      await readRows(passes, parts, inflate, rows);
      return { name, width, height, channels: 3, data: greyBytes(samples, depth, false) };
    }
    const data = newPixels(name, width, height);
    const write = rowWriter(header, palette);
    const rows = new PngRows(passes, Math.max(1, bits >> 3), ({ x0, y0, dx, dy, w }, y, row) =>
      write(row, w, data, ((y0 + y * dy) * width + x0) * 3, dx * 3),
    );
    await readRows(passes, parts, inflate, rows);
    return { name, width, height, channels: 3, data };
  } catch (e) {
    if (e instanceof PictureError) throw e;
    throw new PictureError(name, `broken or truncated PNG: ${e instanceof Error ? e.message : String(e)}`, AGAIN);
  }
}
