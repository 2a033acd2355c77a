/**
 * Picture decoding in a browser. Our own decoders read PNG and BMP, exactly for every kind of file. JPEG and WebP are
 * decoded by the browser without colour management: this gives the same bytes as Node's decoder, except that the
 * browser blends WebP's transparency. TIFF is refused, since most browsers cannot decode it.
 */
import { decodeBmp } from '../picture/bmp.js';
import { upright } from '../picture/orientation.js';
import { checkPictureSize, MAX_PIXELS, type Picture, PictureError, type PictureRules } from '../picture/picture.js';
import { readPictureFacts } from '../picture/picture_facts.js';
import { type PictureFormat, sniffFormat } from '../picture/picture_header.js';
import { decodePng, type Inflate } from '../picture/png.js';
import { type Bitmap, browser } from './browser.js';
import type { Pixels } from './engine_messages.js';
import { withoutAlpha } from './preview.js';

/** zlib's inflate as browsers have it. */
const inflateStream: Inflate = async function* (parts) {
  const packed = new Blob(parts.map((part) => new Uint8Array(part)));
  const reader = packed.stream().pipeThrough(new DecompressionStream('deflate')).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Where reading was left early, the rest is not inflated.
    await reader.cancel().catch(() => undefined);
  }
};

/** RGBA bytes of a bitmap. */
function pixelsOf(bitmap: Bitmap): Pixels {
  const { width, height } = bitmap;
  const context = new browser.OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('no canvas to decode it with');
  context.drawImage(bitmap, 0, 0);
  return { width, height, data: context.getImageData(0, 0, width, height).data };
}

/** A copy whose EXIF data the browser does not recognise: it would turn the picture by them. */
function asStored(bytes: Uint8Array, exifAt: number | undefined): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  if (exifAt !== undefined) copy[exifAt] = 0;
  return copy;
}

async function decodeStored(
  name: string,
  bytes: Uint8Array,
  { format, exifAt }: { readonly format: PictureFormat; readonly exifAt?: number | undefined },
  { maxPixels = MAX_PIXELS, depth }: PictureRules,
): Promise<Picture> {
  if (format === 'png') return decodePng(name, bytes, inflateStream, maxPixels, depth);
  if (format === 'bmp') return decodeBmp(name, bytes, maxPixels);
  if (format === 'tiff') throw new PictureError(name, 'TIFF is not decoded in a browser', 'convert it to PNG');
  let bitmap: Bitmap | undefined;
  try {
    const plain = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' } as const;
    bitmap = await browser.createImageBitmap(new Blob([asStored(bytes, exifAt)]), plain);
    checkPictureSize(name, bitmap.width, bitmap.height, maxPixels);
    return withoutAlpha(name, pixelsOf(bitmap));
  } catch (error) {
    if (error instanceof PictureError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new PictureError(name, `broken or truncated ${format.toUpperCase()}: ${why}`, 'copy or download it again');
  } finally {
    bitmap?.close();
  }
}

/**
 * Decodes a picture file to RGB; the format is read from the bytes.
 * @param name of the file in error messages
 * @throws PictureError (as a rejection) when the bytes are not a readable picture
 */
export async function decodeInBrowser(name: string, bytes: Uint8Array, rules: PictureRules = {}): Promise<Picture> {
  const facts = readPictureFacts(name, bytes);
  if (facts) checkPictureSize(name, facts.width, facts.height, rules.maxPixels);
  const stored = await decodeStored(name, bytes, facts ?? { format: sniffFormat(name, bytes) }, rules);
  return rules.orient && facts ? upright(stored, facts.orientation) : stored;
}
