/**
 * BMP decoder: OS/2 and Windows headers; 1, 4, 8 bits with palette, plain or run-length coded; 16, 24, 32 bits, with
 * bit fields or without; rows bottom-up or top-down. Equal to Pillow's `convert('RGB')`: an alpha channel is dropped and a
 * field of n bits becomes floor(v * 255 / (2^n - 1)).
 */
import { checkPictureSize, newPixels, type Picture, PictureError } from './picture.js';
import { readPictureSize } from './picture_header.js';

const AGAIN = 'copy or download it again';

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: number;
  readonly compression: number;
  /** Where the pixels begin. */
  readonly pixels: number;
}

const RLE8 = 1;
const RLE4 = 2;
const BITFIELDS = 3;
const ALPHA_BITFIELDS = 6;

function readLayout(name: string, v: DataView, maxPixels: number | undefined): Layout {
  const bytes = new Uint8Array(v.buffer, v.byteOffset, v.byteLength);
  const { width, height } = readPictureSize(name, bytes, 'bmp')!;
  checkPictureSize(name, width, height, maxPixels);
  const headerSize = v.getUint32(14, true);
  const core = headerSize === 12;
  if (!core && (headerSize < 40 || headerSize > 1024)) {
    throw new PictureError(name, `broken BMP: unknown header of ${headerSize} bytes`, AGAIN);
  }
  if (v.byteLength < 14 + headerSize)
    throw new PictureError(name, 'truncated bmp: the file ends inside its header', AGAIN);
  const bits = v.getUint16(core ? 24 : 28, true);
  const compression = core ? 0 : v.getUint32(30, true);
  const plain = compression === 0 && [1, 4, 8, 16, 24, 32].includes(bits);
  const fields =
    (compression === BITFIELDS || compression === ALPHA_BITFIELDS) && (bits === 16 || bits === 24 || bits === 32);
  if (!plain && !fields && !(compression === RLE8 && bits === 8) && !(compression === RLE4 && bits === 4)) {
    throw new PictureError(name, `unreadable BMP: ${bits} bits with compression ${compression}`, 'convert it to PNG');
  }
  return {
    width,
    height,
    topDown: !core && v.getInt32(22, true) < 0,
    bits,
    compression,
    pixels: v.getUint32(10, true),
  };
}

/** RGB of the 256 indices; those beyond the stored palette are the grey of their number. */
function readPalette(v: DataView, bits: number): Uint8Array {
  const headerSize = v.getUint32(14, true);
  const entry = headerSize === 12 ? 3 : 4;
  const stated = headerSize === 12 ? 0 : v.getUint32(46, true);
  const first = 14 + headerSize;
  const room = Math.floor((Math.min(v.getUint32(10, true), v.byteLength) - first) / entry);
  const count = Math.min(stated || 1 << bits, 256, Math.max(0, room));
  const table = new Uint8Array(768);
  for (let i = 0; i < 256; i++) table.fill(i, i * 3, i * 3 + 3);
  for (let i = 0; i < count; i++) {
    for (let c = 0; c < 3; c++) table[i * 3 + c] = v.getUint8(first + i * entry + 2 - c); // stored blue first
  }
  return table;
}

/**
 * Palette indices of a run-length coded picture, first stored row first. As in Pillow, runs follow one another through the
 * rows: an end of row fills the row with 0, and a picture that ends before its last pixel is broken.
 */
function readRuns(bytes: Uint8Array, layout: Layout): Uint8Array {
  const { width, height, bits } = layout;
  const size = width * height;
  const out = new Uint8Array(size);
  const pick = bits === 8 ? (b: number) => b : (b: number, i: number) => (i & 1 ? b & 15 : b >> 4);
  let at = layout.pixels;
  /** Pixels so far, and those of the row. */
  let done = 0;
  let x = 0;
  while (done < size && at + 1 < bytes.length) {
    const count = bytes[at]!;
    const code = bytes[at + 1]!;
    at += 2;
    if (count > 0) {
      const fits = Math.max(0, Math.min(count, width - x));
      for (let i = 0; i < fits; i++) out[done++] = pick(code, i);
      x += fits;
    } else if (code === 0) {
      done = Math.ceil(done / width) * width;
      x = 0;
    } else if (code === 1) {
      break;
    } else if (code === 2) {
      if (at + 1 >= bytes.length) break;
      done += bytes[at]! + bytes[at + 1]! * width;
      x = done % width;
      at += 2;
    } else {
      const length = bits === 8 ? code : (code + 1) >> 1;
      if (at + length > bytes.length) break;
      for (let i = 0; i < code; i++) out[done++] = pick(bytes[at + (bits === 8 ? i : i >> 1)]!, i);
      x += code;
      at += length + (length & 1); // literal runs are padded to 16 bits
    }
  }
  if (done < size) throw new Error(`the runs end after ${done} of ${size} pixels`);
  return out;
}

/** One channel of a pixel word: position and largest value of its field. */
interface Field {
  readonly shift: number;
  readonly most: number;
}

function readFields(v: DataView, layout: Layout): readonly Field[] {
  const stored = layout.compression === BITFIELDS || layout.compression === ALPHA_BITFIELDS;
  // The masks follow the 40-byte header or are part of a longer one: the same place in the file.
  const masks = stored
    ? [v.getUint32(54, true), v.getUint32(58, true), v.getUint32(62, true)]
    : layout.bits === 16
      ? [0x7c00, 0x3e0, 0x1f]
      : [0xff0000, 0xff00, 0xff];
  return masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask);
    const most = mask >>> shift;
    if (mask === 0 || ((most + 1) & most) !== 0)
      throw new Error(`bit field ${mask.toString(16)} is not one run of ones`);
    return { shift, most };
  });
}

/** Writes row `y` of the file's rows to `out[to..]`. */
type RowReader = (y: number, out: Uint8Array, to: number) => void;

function rowReader(bytes: Uint8Array, v: DataView, layout: Layout): RowReader {
  const { width, height, bits, compression, pixels } = layout;
  // Divided, not shifted: the number of bits may exceed 32 bits.
  const stride = Math.ceil((width * bits) / 32) * 4;
  const coded = compression === RLE8 || compression === RLE4;
  // The padding of the very last row may be missing.
  if (!coded && pixels + stride * (height - 1) + Math.ceil((width * bits) / 8) > bytes.length) {
    throw new Error(
      `expected ${stride * height} bytes of rows at ${pixels}, got ${Math.max(0, bytes.length - pixels)}`,
    );
  }
  if (bits <= 8) {
    const table = readPalette(v, bits);
    const runs = coded ? readRuns(bytes, layout) : undefined;
    const most = 2 ** bits - 1;
    return (y, out, to) => {
      for (let x = 0; x < width; x++) {
        const bit = x * bits;
        const i = runs
          ? runs[y * width + x]!
          : (bytes[pixels + y * stride + Math.floor(bit / 8)]! >> (8 - bits - (bit & 7))) & most;
        for (let c = 0; c < 3; c++) out[to + x * 3 + c] = table[i * 3 + c]!;
      }
    };
  }
  const step = bits >> 3;
  if (bits !== 16 && compression === 0) {
    return (y, out, to) => {
      for (let x = 0, i = pixels + y * stride, o = to; x < width; x++, i += step, o += 3) {
        out[o] = bytes[i + 2]!;
        out[o + 1] = bytes[i + 1]!;
        out[o + 2] = bytes[i]!;
      }
    };
  }
  const fields = readFields(v, layout);
  return (y, out, to) => {
    for (let x = 0; x < width; x++) {
      const i = pixels + y * stride + x * step;
      let word = 0;
      for (let b = step - 1; b >= 0; b--) word = (word << 8) | bytes[i + b]!;
      fields.forEach(({ shift, most }, c) => {
        out[to + x * 3 + c] = Math.floor((((word >>> shift) & most) * 255) / most);
      });
    }
  };
}

/**
 * Decodes a BMP file to RGB.
 * @throws PictureError when the file is broken, truncated, of an unknown kind or over `maxPixels`
 */
export function decodeBmp(name: string, bytes: Uint8Array, maxPixels?: number): Picture {
  const v = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const layout = readLayout(name, v, maxPixels);
  const { width, height, topDown } = layout;
  try {
    const read = rowReader(bytes, v, layout);
    const data = newPixels(name, width, height);
    for (let y = 0; y < height; y++) read(y, data, (topDown ? y : height - 1 - y) * width * 3);
    return { name, width, height, channels: 3, data };
  } catch (e) {
    if (e instanceof PictureError) throw e;
    throw new PictureError(name, `broken or truncated BMP: ${e instanceof Error ? e.message : String(e)}`, AGAIN);
  }
}
