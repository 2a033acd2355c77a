/**
 * Picture decoding in Node. Our own decoders read PNG and BMP, exactly for every kind of file. JPEG, TIFF and WebP are
 * decoded by `sharp` where it is installed; its codecs give Pillow's bytes. Without sharp, JPEG is decoded by jpeg-js,
 * which is a level or two off, and more at colour edges where colours are stored at half the resolution (jpeg-js
 * repeats them, libjpeg interpolates); TIFF and WebP are refused.
 */
import { readFile } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { createInflate } from 'node:zlib';
import jpeg from 'jpeg-js';
import { decodeBmp } from '../picture/bmp.js';
import { toMask } from '../picture/mask.js';
import { checkPictureSize, MAX_PIXELS, type Mask, type Picture, PictureError } from '../picture/picture.js';
import { readPictureSize, sniffFormat } from '../picture/picture_header.js';
import { decodePng, type Inflate } from '../picture/png.js';
import { decodeWithSharp, loadSharp } from './decode_sharp.js';
import { fileError } from './file_error.js';

export interface DecodeOptions {
  /** Largest picture accepted, in pixels; MAX_PIXELS by default. */
  readonly maxPixels?: number | undefined;
  /** False leaves `sharp` unused even where it is installed. */
  readonly sharp?: boolean | undefined;
}

/** Bytes that zlib gives at a time. */
const PIECE = 1 << 18;

/** zlib's inflate on the thread pool. */
const inflateParts: Inflate = (parts) => Readable.from(parts).pipe(createInflate({ chunkSize: PIECE }));

function decodeWithJpegJs(name: string, bytes: Uint8Array, maxPixels: number): Picture {
  try {
    const { width, height, data } = jpeg.decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxResolutionInMP: Math.ceil(maxPixels / 1e6),
      maxMemoryUsageInMB: 8192, // the size has been checked
    });
    return { name, width, height, channels: 3, data };
  } catch (e) {
    const why = e instanceof Error ? e.message : String(e);
    throw new PictureError(name, `broken or truncated JPEG: ${why}`, 'copy or download it again');
  }
}

/**
 * Decodes a picture file to RGB as Pillow's `convert('RGB')` does. The format is read from the bytes, not from the name.
 * @param name of the file in error messages
 * @throws PictureError (as a rejection) when the bytes are not a readable picture
 */
export async function decode(name: string, bytes: Uint8Array, options: DecodeOptions = {}): Promise<Picture> {
  const maxPixels = options.maxPixels ?? MAX_PIXELS;
  const format = sniffFormat(name, bytes);
  const size = readPictureSize(name, bytes, format);
  if (size) checkPictureSize(name, size.width, size.height, maxPixels);
  if (format === 'png') return decodePng(name, bytes, inflateParts, maxPixels);
  if (format === 'bmp') return decodeBmp(name, bytes, maxPixels);
  const sharp = options.sharp === false ? undefined : await loadSharp();
  if (sharp) return decodeWithSharp(sharp, name, bytes, format, maxPixels);
  if (format === 'jpeg') return decodeWithJpegJs(name, bytes, maxPixels);
  const title = format === 'tiff' ? 'TIFF' : 'WebP';
  throw new PictureError(
    name,
    `${title} needs the optional package sharp`,
    'run `npm install sharp` or convert it to PNG',
  );
}

/** Decodes a mask file to luminance as Pillow's `convert('L')` does. Same errors as {@link decode}. */
export async function decodeMask(name: string, bytes: Uint8Array, options: DecodeOptions = {}): Promise<Mask> {
  return toMask(await decode(name, bytes, options));
}

/** Whether JPEG decoding is exact here: whether `sharp` is installed. */
export async function jpegIsExact(): Promise<boolean> {
  return (await loadSharp()) !== undefined;
}

/** A file's bytes. @throws one line that says why they cannot be read */
async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (e) {
    throw fileError(path, 'read', e);
  }
}

/** {@link decode} of the file at `path`. */
export async function loadPicture(path: string, options: DecodeOptions = {}): Promise<Picture> {
  return decode(path, await readBytes(path), options);
}

/** {@link decodeMask} of the file at `path`. */
export async function loadMask(path: string, options: DecodeOptions = {}): Promise<Mask> {
  return decodeMask(path, await readBytes(path), options);
}
