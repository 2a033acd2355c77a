/** JPEG, TIFF and WebP through the optional package `sharp`, set up to give what Pillow gives for the same file. */
import type sharpModule from 'sharp';
import type { Metadata, Sharp } from 'sharp';
import { type DepthRule, greyBytes } from '../picture/depth.js';
import { checkPictureSize, type Picture, PictureError } from '../picture/picture.js';
import type { PictureFormat } from '../picture/picture_header.js';

export type SharpFactory = typeof sharpModule;

let loading: Promise<SharpFactory | undefined> | undefined;

/** The package, or undefined where it is not installed or does not work on this machine; looked for once. */
export function loadSharp(): Promise<SharpFactory | undefined> {
  loading ??= import('sharp').then(
    (m) => m.default,
    () => undefined,
  );
  return loading;
}

/** Pillow's CMYK to RGB: (255 - k) - (255 - k) * c / 255, the quotient rounded. */
function fromCmyk(cmyk: Uint8Array, pixels: number): Uint8Array {
  const out = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    const paper = 255 - cmyk[i * 4 + 3]!;
    for (let c = 0; c < 3; c++) {
      const product = cmyk[i * 4 + c]! * paper + 128;
      out[i * 3 + c] = paper - ((product + (product >> 8)) >> 8);
    }
  }
  return out;
}

export interface SharpOptions {
  readonly format: PictureFormat;
  readonly maxPixels: number;
  readonly depth: DepthRule;
  /** Whether a TIFF stores grey with 0 for white. */
  readonly whiteIsZero?: boolean | undefined;
}

/** RGB bytes of a picture, by its colour space. */
async function pixels(
  image: Sharp,
  meta: Metadata,
  { depth, whiteIsZero }: SharpOptions,
): Promise<{ width: number; height: number; data: Uint8Array }> {
  if (meta.space === 'cmyk') {
    // In its own colour space the ink values come out as stored; in any other, a colour profile would be applied.
    const raw = await image
      .pipelineColourspace('cmyk')
      .toColourspace('cmyk')
      .raw()
      .toBuffer({ resolveWithObject: true });
    const { width, height } = raw.info;
    return { width, height, data: fromCmyk(raw.data, width * height) };
  }
  const grey = meta.space === 'grey16' || meta.space === 'b-w';
  if (grey && meta.depth !== undefined && meta.depth !== 'uchar') {
    const plain = meta.space === 'grey16' ? image.pipelineColourspace('grey16').toColourspace('grey16') : image;
    const raw = await plain.raw({ depth: 'float' }).toBuffer({ resolveWithObject: true });
    const { width, height, channels } = raw.info;
    const { buffer, byteOffset, byteLength } = raw.data;
    const all = new Float32Array(buffer.slice(byteOffset, byteOffset + byteLength));
    const samples = new Float32Array(width * height);
    // Where 0 is white, sharp turns 16 bits round; Pillow does not.
    const turned = whiteIsZero && meta.space === 'grey16';
    for (let i = 0; i < samples.length; i++) samples[i] = turned ? 65535 - all[i * channels]! : all[i * channels]!;
    return { width, height, data: greyBytes(samples, depth, meta.depth === 'float' || meta.depth === 'double') };
  }
  const raw = await image.removeAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  const { width, height, channels } = raw.info;
  if (channels !== 3) throw new Error(`expected 3 channels, got ${channels}`);
  return { width, height, data: raw.data };
}

/**
 * Decodes with sharp: first page, no colour management, alpha dropped, orientation applied to TIFF only (as in Pillow).
 * @throws PictureError (as a rejection) when the file is broken, truncated or over `maxPixels`
 */
export async function decodeWithSharp(
  sharp: SharpFactory,
  name: string,
  bytes: Uint8Array,
  options: SharpOptions,
): Promise<Picture> {
  const { format, maxPixels } = options;
  try {
    // checkPictureSize checks the size. Pillow refuses truncated files and accepts lesser damage.
    const input = { ignoreIcc: true, failOn: 'truncated', limitInputPixels: false, sequentialRead: true } as const;
    const meta = await sharp(bytes, input).metadata();
    checkPictureSize(name, meta.width, meta.height, maxPixels);
    const turned = format === 'tiff' && (meta.orientation ?? 1) > 1;
    const image = sharp(bytes, { ...input, sequentialRead: !turned });
    return { name, channels: 3, ...(await pixels(turned ? image.autoOrient() : image, meta, options)) };
  } catch (e) {
    if (e instanceof PictureError) throw e;
    const why = (e instanceof Error ? e.message : String(e)).split('\n')[0];
    throw new PictureError(name, `broken or truncated ${format.toUpperCase()}: ${why}`, 'copy or download it again');
  }
}
