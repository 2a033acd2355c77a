/**
 * Picture decoding in a browser. Our own decoders read PNG and BMP, exactly for every kind of file. JPEG and WebP are
 * decoded by the browser without colour management: this gives the same bytes as Node's decoder, except that the
 * browser honours a JPEG's orientation and blends WebP's transparency. TIFF is refused, since most browsers cannot
 * decode it.
 */
import { decodeBmp } from '../picture/bmp.js';
import { checkPictureSize, MAX_PIXELS, type Picture, PictureError } from '../picture/picture.js';
import { readPictureSize, sniffFormat } from '../picture/picture_header.js';
import { decodePng, type Inflate } from '../picture/png.js';
import { type Bitmap, browser } from './browser.js';

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

/** RGB bytes of a bitmap. */
function pixelsOf(bitmap: Bitmap): Uint8Array {
  const { width, height } = bitmap;
  const context = new browser.OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('no canvas to decode it with');
  context.drawImage(bitmap, 0, 0);
  const { data } = context.getImageData(0, 0, width, height);
  const rgb = new Uint8Array(3 * width * height);
  for (let i = 0, o = 0; o < rgb.length; i += 4, o += 3) {
    rgb[o] = data[i]!;
    rgb[o + 1] = data[i + 1]!;
    rgb[o + 2] = data[i + 2]!;
  }
  return rgb;
}

/**
 * Decodes a picture file to RGB; the format is read from the bytes.
 * @param name of the file in error messages
 * @throws PictureError (as a rejection) when the bytes are not a readable picture
 */
export async function decodeInBrowser(name: string, bytes: Uint8Array): Promise<Picture> {
  const format = sniffFormat(name, bytes);
  const size = readPictureSize(name, bytes, format);
  if (size) checkPictureSize(name, size.width, size.height, MAX_PIXELS);
  if (format === 'png') return decodePng(name, bytes, inflateStream, MAX_PIXELS);
  if (format === 'bmp') return decodeBmp(name, bytes, MAX_PIXELS);
  if (format === 'tiff') throw new PictureError(name, 'TIFF is not decoded in a browser', 'convert it to PNG');
  let bitmap: Bitmap | undefined;
  try {
    const plain = { colorSpaceConversion: 'none', premultiplyAlpha: 'none' } as const;
    bitmap = await browser.createImageBitmap(new Blob([new Uint8Array(bytes)]), plain);
    checkPictureSize(name, bitmap.width, bitmap.height, MAX_PIXELS);
    return { name, width: bitmap.width, height: bitmap.height, channels: 3, data: pixelsOf(bitmap) };
  } catch (error) {
    if (error instanceof PictureError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new PictureError(name, `broken or truncated ${format.toUpperCase()}: ${why}`, 'copy or download it again');
  } finally {
    bitmap?.close();
  }
}
