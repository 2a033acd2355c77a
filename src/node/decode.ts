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
import { upright } from '../picture/orientation.js';
import {
  checkPictureSize,
  MAX_PIXELS,
  type Mask,
  type Picture,
  PictureError,
  type PictureRules,
} from '../picture/picture.js';
import { type PictureFacts, readPictureFacts } from '../picture/picture_facts.js';
import { sniffFormat } from '../picture/picture_header.js';
import { decodePng, type Inflate } from '../picture/png.js';
import { decodeWithSharp, loadSharp } from './decode_sharp.js';
import { fileError } from './file_error.js';

export interface DecodeOptions extends PictureRules {
  /** False leaves `sharp` unused even where it is installed. */
  readonly sharp?: boolean | undefined;
}

/** Most bytes that zlib gives at a time. */
const PIECE = 1 << 18;
/** Bytes beyond a whole picture's: zlib takes memory for the next piece where one is full. */
const SPARE = 64;

/** zlib's inflate on the thread pool. Memory for a large piece that a small picture does not need costs more than its decoding. */
const inflateParts: Inflate = (parts, size) =>
  Readable.from(parts).pipe(createInflate({ chunkSize: Math.min(PIECE, size + SPARE) }));

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
    // A slip inside jpeg-js, which broken files provoke, is no explanation to show.
    const own =
      e instanceof Error && !(e instanceof TypeError || e instanceof RangeError || e instanceof ReferenceError);
    const why = own ? `: ${e.message}` : '';
    throw new PictureError(name, `broken or truncated JPEG${why}`, 'copy or download it again');
  }
}

/** The pixels as the file stores them, before they are turned. */
async function decodeStored(
  name: string,
  bytes: Uint8Array,
  facts: PictureFacts | undefined,
  { maxPixels = MAX_PIXELS, depth = 'clip', sharp: allowed = true }: DecodeOptions,
): Promise<Picture> {
  const format = facts?.format ?? sniffFormat(name, bytes);
  if (facts) checkPictureSize(name, facts.width, facts.height, maxPixels);
  if (format === 'png') return decodePng(name, bytes, inflateParts, maxPixels, depth);
  if (format === 'bmp') return decodeBmp(name, bytes, maxPixels);
  const sharp = allowed ? await loadSharp() : undefined;
  if (sharp) return decodeWithSharp(sharp, name, bytes, { format, maxPixels, depth, whiteIsZero: facts?.whiteIsZero });
  if (format === 'jpeg') return decodeWithJpegJs(name, bytes, maxPixels);
  const title = format === 'tiff' ? 'TIFF' : 'WebP';
  throw new PictureError(
    name,
    `${title} needs the optional package sharp`,
    'run `npm install sharp` or convert it to PNG',
  );
}

/**
 * Decodes a picture file to RGB as Pillow's `convert('RGB')` does, unless the options say otherwise. The format is read
 * from the bytes, not from the name.
 * @param name of the file in error messages
 * @throws PictureError (as a rejection) when the bytes are not a readable picture
 */
export async function decode(name: string, bytes: Uint8Array, options: DecodeOptions = {}): Promise<Picture> {
  const facts = readPictureFacts(name, bytes);
  const stored = await decodeStored(name, bytes, facts, options);
  return options.orient && facts ? upright(stored, facts.orientation) : stored;
}

/** Decodes a mask file to luminance as Pillow's `convert('L')` does, whatever `depth` says. Same errors as {@link decode}. */
export async function decodeMask(name: string, bytes: Uint8Array, options: DecodeOptions = {}): Promise<Mask> {
  return toMask(await decode(name, bytes, { ...options, depth: 'clip' }));
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
