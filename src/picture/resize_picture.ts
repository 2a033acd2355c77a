/**
 * Pillow's bicubic resize of 8-bit RGB pictures on the device, byte for byte, with or without CLIP's normalisation.
 *
 * Rounding to 8 bits has no useful gradient and pictures are where the data begins, so this is not an `Op`: the tape
 * never sees it.
 */
import type { Gpu } from '../gpu/gpu.js';
import type { Binding } from '../gpu/stream.js';
import { stack } from '../ops/concat.js';
import { resident } from '../tensor/resident.js';
import { empty, Tensor, tidy } from '../tensor/tensor.js';
import { PictureError } from './picture.js';
import { CLIP_PIXELS, normalisedLevels, type PixelStatistics, uploadPixels } from './pixels.js';
import { keptResizeTable, type ResizeTable } from './resize_table.js';

/** What can be resized: a decoded `Picture`, or its bytes on the device. */
export interface PixelSource {
  /** Its name in messages. */
  readonly name?: string | undefined;
  readonly width: number;
  readonly height: number;
  /** RGB bytes [height, width, 3]; on the device as `uploadPixels` packs them, where the whole fits one binding. */
  readonly data: Uint8Array | Tensor;
}

/** A side length for a square, or both. */
export type PictureSize = number | { readonly width: number; readonly height: number };

export interface ResizeOptions {
  /** Most bytes of source or half-resized rows on the device at a time; 64 MiB by default. */
  readonly bandBytes?: number | undefined;
}

export interface PrepareOptions extends ResizeOptions {
  /** CLIP's by default. */
  readonly statistics?: PixelStatistics | undefined;
}

/** Starts, counts, weights, one after the other. */
function tableOnDevice(gpu: Gpu, table: ResizeTable): Binding {
  return resident(gpu, table, () => {
    const { start, count, weights } = table;
    const words = new Int32Array(start.length + count.length + weights.length);
    words.set(start);
    words.set(count, start.length);
    words.set(weights, 2 * start.length);
    return words;
  });
}

function checkBytes({ width, height, data }: PixelSource): void {
  const bytes = 3 * width * height;
  const got = data instanceof Tensor ? data.bytes : data.length;
  if (got !== (data instanceof Tensor ? Math.ceil(bytes / 4) * 4 : bytes)) {
    throw new Error(`picture: wrong size: expected ${width} x ${height} x 3 = ${bytes} bytes, got ${got}`);
  }
}

/** Most input samples that an output sample reads along an axis: a cubic kernel covers four, stretched when shrinking. */
const tapsOf = (inSize: number, outSize: number): number =>
  Math.min(inSize, Math.ceil(4 * Math.max(1, inSize / outSize)) + 1);

/**
 * Tells early that a picture is too long for the device: a row, or the weights of a side, must fit into one binding.
 * @param size side of the resized picture, in pixels
 * @throws PictureError that names it
 */
export function checkFits(
  gpu: Pick<Gpu, 'bindingLimit'>,
  { name = 'picture', width, height }: Omit<PixelSource, 'data'>,
  size: number,
): void {
  const weights = 4 * size * (2 + Math.max(tapsOf(width, size), tapsOf(height, size)));
  const rows = tapsOf(height, size) * Math.max(3 * width, 4 * size);
  if (Math.max(weights, rows) > gpu.bindingLimit) {
    throw new PictureError(
      name,
      `picture too long for this adapter: ${width}x${height} pixels need ${Math.ceil(Math.max(weights, rows) / 2 ** 20)} MiB in one buffer, which may have ${Math.floor(gpu.bindingLimit / 2 ** 20)}`,
      'cut it into pieces or shrink it',
    );
  }
}

/** First and last-plus-one source row that output rows `from` to `to` read. */
function sourceRows(rows: ResizeTable, from: number, to: number): [number, number] {
  return [rows.start[from]!, rows.start[to - 1]! + rows.count[to - 1]!];
}

/** Bands of output rows whose source rows take at most `bytes`; a band has at least one row. */
function bands(rows: ResizeTable, rowBytes: number, bytes: number): [number, number][] {
  const list: [number, number][] = [];
  for (let from = 0, to = 0; from < rows.start.length; from = to) {
    const fits = (end: number): boolean => {
      const [first, last] = sourceRows(rows, from, end);
      return (last - first) * rowBytes <= bytes;
    };
    to = from + 1;
    while (to < rows.start.length && fits(to + 1)) to++;
    list.push([from, to]);
  }
  return list;
}

/**
 * Horizontal, then vertical pass, band by band: neither a large picture nor the half-resized one has to fit in one
 * binding, or on the device at once.
 */
function resize(gpu: Gpu, source: PixelSource, size: PictureSize, options: PrepareOptions): Tensor {
  checkBytes(source);
  const { statistics } = options;
  const { data } = source;
  const [width, height] = typeof size === 'number' ? [size, size] : [size.width, size.height];
  const columns = keptResizeTable(source.width, width);
  const rows = keptResizeTable(source.height, height);
  // 64 MiB: enough for one band in nearly all cases, little compared with the model.
  const bandBytes =
    data instanceof Tensor ? Number.POSITIVE_INFINITY : (options.bandBytes ?? Math.min(gpu.bindingLimit, 2 ** 26));
  return tidy(() => {
    const y = empty(gpu, statistics ? [3, height, width] : [height, width], statistics ? 'f32' : 'packed');
    for (const [from, to] of bands(rows, Math.max(3 * source.width, 4 * width), bandBytes)) {
      const [first, last] = sourceRows(rows, from, to);
      tidy(() => {
        const whole = data instanceof Tensor;
        const band = whole ? data : uploadPixels(gpu, data.subarray(3 * source.width * first, 3 * source.width * last));
        const narrow = empty(gpu, [last - first, width], 'packed');
        const place = { width, source_width: source.width, first_source: first, plane: width * height };
        const pass = (vertical: boolean, rowsOut: number, firstRow: number, x: Tensor, out: Tensor) => {
          const table = vertical ? rows : columns;
          gpu.dispatch({
            kernel: 'resize_picture',
            knobs: { VERTICAL: vertical, PLANES: vertical && statistics !== undefined },
            params: {
              ...place,
              size: rowsOut * width,
              first_row: firstRow,
              outputs: vertical ? height : width,
              max_taps: table.maxTaps,
            },
            buffers: {
              source: x,
              taps: tableOnDevice(gpu, table),
              levels: statistics ? normalisedLevels(gpu, statistics) : x,
              y: out,
            },
            threads: rowsOut * width,
            traffic: x.bytes + 4 * rowsOut * width,
          });
        };
        pass(false, last - first, 0, band, narrow);
        pass(true, to - from, from, narrow, y);
      });
    }
    return y;
  });
}

/**
 * Resizes a picture as Pillow does.
 * @returns packed [H, W], a word a pixel: r | g << 8 | b << 16 (`unpackPicture` makes bytes of it)
 * @throws when the bytes do not fit the picture's size, or a size is not a positive integer
 */
export function resizePicture(gpu: Gpu, picture: PixelSource, size: PictureSize, options: ResizeOptions = {}): Tensor {
  return resize(gpu, picture, size, { bandBytes: options.bandBytes });
}

/**
 * Resizes a picture as Pillow does and normalises it: (value / 255 - mean) / std.
 * @param size of the result in pixels; a square where it is one number
 * @returns f32 [3, H, W]
 * @throws as `resizePicture`
 */
export function preparePicture(
  gpu: Gpu,
  picture: PixelSource,
  size: PictureSize,
  options: PrepareOptions = {},
): Tensor {
  return resize(gpu, picture, size, { ...options, statistics: options.statistics ?? CLIP_PIXELS });
}

/** Pictures of any sizes as the image tower takes them: `preparePicture` of each, [B, 3, S, S]. */
export function preparePictures(gpu: Gpu, pictures: readonly PixelSource[], size: number): Tensor {
  return tidy(() => stack(pictures.map((picture) => preparePicture(gpu, picture, size))));
}

/** RGB bytes [H, W, 3] of the words of a resized picture. */
export function unpackPicture(words: Uint32Array): Uint8Array {
  const bytes = new Uint8Array(3 * words.length);
  words.forEach((word, i) => {
    bytes[3 * i] = word & 255;
    bytes[3 * i + 1] = (word >> 8) & 255;
    bytes[3 * i + 2] = (word >> 16) & 255;
  });
  return bytes;
}
