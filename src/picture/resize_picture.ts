/**
 * Pillow's bicubic resize of 8-bit RGB pictures, byte for byte, and CLIP's normalisation.
 *
 * Rounding to 8 bits has no useful gradient and pictures are where the data begins, so this is no `Op`: the tape never
 * sees it.
 */
import type { Gpu } from '../gpu/gpu.js';
import type { Binding } from '../gpu/stream.js';
import { resident } from '../tensor/resident.js';
import { empty, type Tensor, tidy, upload } from '../tensor/tensor.js';

/** Taps of one axis: output i reads inputs `start[i] .. start[i] + count[i]` with `weights[i * maxTaps ..]` / 2^22. */
export interface PictureTaps {
  readonly start: Int32Array;
  readonly count: Int32Array;
  readonly weights: Int32Array;
  readonly maxTaps: number;
}

/** Mean and deviation of R, G, B on a scale of 0 to 1. Keep the object: its table on the device lives as long. */
export interface PixelStatistics {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** What CLIP's pictures were normalised with. */
export const CLIP_PIXELS: PixelStatistics = {
  mean: [0.48145466, 0.4578275, 0.40821073],
  std: [0.26862954, 0.26130258, 0.27577711],
};

interface Job {
  /** Bytes of the host, or the same bytes packed on the device. */
  readonly rgb: Uint8Array | Tensor;
  readonly width: number;
  readonly height: number;
  readonly columns: PictureTaps;
  readonly rows: PictureTaps;
  readonly statistics: PixelStatistics | undefined;
  readonly bandBytes: number | undefined;
}

/** Starts, counts, weights, one after the other. */
function uploadTaps(gpu: Gpu, { start, count, weights }: PictureTaps): Tensor {
  const words = new Int32Array(start.length + count.length + weights.length);
  words.set(start);
  words.set(count, start.length);
  words.set(weights, 2 * start.length);
  return upload(gpu, words, [words.length]);
}

/** RGB bytes four a word, as they lie. */
function uploadBytes(gpu: Gpu, bytes: Uint8Array): Tensor {
  const words = new Uint32Array(Math.ceil(bytes.length / 4));
  new Uint8Array(words.buffer).set(bytes);
  return upload(gpu, words, [words.length], 'packed');
}

/** The 256 values of each channel, (v / 255 - mean) / std with every step rounded to float32: the same on every device. */
function levelsOnDevice(gpu: Gpu, statistics: PixelStatistics): Binding {
  return resident(gpu, statistics, () => {
    const f = Math.fround;
    const { mean, std } = statistics;
    return Float32Array.from({ length: 3 * 256 }, (_, i) => {
      const c = i >> 8;
      return f(f(f((i & 255) / 255) - f(mean[c]!)) / f(std[c]!));
    });
  });
}

function check({ rgb, width, height, columns, rows }: Job): void {
  const bytes = 3 * width * height;
  const got = rgb instanceof Uint8Array ? rgb.length : rgb.bytes;
  if (got !== (rgb instanceof Uint8Array ? bytes : Math.ceil(bytes / 4) * 4)) {
    throw new Error(`picture: wrong size: expected ${width} x ${height} x 3 = ${bytes} bytes, got ${got}`);
  }
  for (const [what, size, taps] of [
    ['columns', width, columns],
    ['rows', height, rows],
  ] as const) {
    const last = taps.start.length - 1;
    const reach = taps.start[last]! + taps.count[last]!;
    if (reach !== size) throw new Error(`picture: table of ${what}: expected one for ${size} samples, got ${reach}`);
  }
}

/** First and last-plus-one source row that output rows `from` to `to` read. */
function sourceRows(rows: PictureTaps, from: number, to: number): [number, number] {
  return [rows.start[from]!, rows.start[to - 1]! + rows.count[to - 1]!];
}

/** Bands of output rows whose source rows take at most `bytes`; a band has at least one row. */
function bands(rows: PictureTaps, rowBytes: number, bytes: number): [number, number][] {
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
function resize(gpu: Gpu, job: Job): Tensor {
  check(job);
  const { statistics } = job;
  // 64 MiB at a time by default: enough for one band in nearly all cases, little beside the model.
  const { rgb } = job;
  const onDevice = !(rgb instanceof Uint8Array);
  const bandBytes = onDevice ? Number.POSITIVE_INFINITY : (job.bandBytes ?? Math.min(gpu.bindingLimit, 2 ** 26));
  const [width, height] = [job.columns.start.length, job.rows.start.length];
  return tidy(() => {
    const columns = uploadTaps(gpu, job.columns);
    const rows = uploadTaps(gpu, job.rows);
    const y = empty(gpu, statistics ? [3, height, width] : [height, width], statistics ? 'f32' : 'packed');
    for (const [from, to] of bands(job.rows, Math.max(3 * job.width, 4 * width), bandBytes)) {
      const [first, last] = sourceRows(job.rows, from, to);
      tidy(() => {
        const source = onDevice ? rgb : uploadBytes(gpu, rgb.subarray(3 * job.width * first, 3 * job.width * last));
        const narrow = empty(gpu, [last - first, width], 'packed');
        const place = { width, source_width: job.width, first_source: first, plane: width * height };
        const pass = (vertical: boolean, rowsOut: number, firstRow: number, x: Tensor, taps: Tensor, out: Tensor) =>
          gpu.dispatch({
            kernel: 'resize_picture',
            knobs: { VERTICAL: vertical, PLANES: vertical && statistics !== undefined },
            params: {
              ...place,
              size: rowsOut * width,
              first_row: firstRow,
              outputs: vertical ? height : width,
              max_taps: (vertical ? job.rows : job.columns).maxTaps,
            },
            buffers: { source: x, taps, levels: statistics ? levelsOnDevice(gpu, statistics) : x, y: out },
            threads: rowsOut * width,
            traffic: x.bytes + 4 * rowsOut * width,
          });
        pass(false, last - first, 0, source, columns, narrow);
        pass(true, to - from, from, narrow, rows, y);
      });
    }
    return y;
  });
}

/**
 * Resizes a picture as Pillow does.
 * @param rgb `rgb[(y * width + x) * 3 + c]`
 * @param columns taps from the picture's width to the output's
 * @param rows taps from the picture's height to the output's
 * @param bandBytes most bytes of source or half-resized rows on the device at a time
 * @returns packed [H, W], a word a pixel: r | g << 8 | b << 16 (`unpackPicture` makes bytes of it)
 * @throws when the bytes do not fit the picture's size, or a table another size
 */
export function resizePicture(
  gpu: Gpu,
  rgb: Uint8Array,
  width: number,
  height: number,
  columns: PictureTaps,
  rows: PictureTaps,
  bandBytes?: number,
): Tensor {
  return resize(gpu, { rgb, width, height, columns, rows, statistics: undefined, bandBytes });
}

/**
 * Resizes a picture as Pillow does and normalises it: (value / 255 - mean) / std.
 * @param rgb bytes of the host, or packed on the device, four to a word (then the whole picture fits one binding)
 * @returns f32 [3, H, W]
 * @throws as `resizePicture`
 */
export function preparePicture(
  gpu: Gpu,
  rgb: Uint8Array | Tensor,
  width: number,
  height: number,
  columns: PictureTaps,
  rows: PictureTaps,
  statistics: PixelStatistics = CLIP_PIXELS,
  bandBytes?: number,
): Tensor {
  return resize(gpu, { rgb, width, height, columns, rows, statistics, bandBytes });
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
