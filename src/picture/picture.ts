/** Decoded pictures and masks as plain bytes, and the one kind of error that bad picture files raise. */
import { printable } from '../data/printable.js';

import type { DepthRule } from './depth.js';

/** An 8-bit RGB picture: `data[(y * width + x) * 3 + c]`. */
export interface Picture {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly channels: 3;
  readonly data: Uint8Array;
}

/** An 8-bit single-channel picture: `data[y * width + x]`. */
export interface Mask {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** How picture files are read, where the published program's way costs something. All are optional. */
export interface PictureRules {
  /** Largest picture accepted, in pixels; MAX_PIXELS by default. */
  readonly maxPixels?: number | undefined;
  /** What becomes of grey of more than 8 bits: clipped at 255 by default, as published. Masks are always clipped. */
  readonly depth?: DepthRule | undefined;
  /** Turn pictures upright by their EXIF orientation; by default they are used as stored, as published. */
  readonly orient?: boolean | undefined;
  /** Level from which a mask's pixel counts as faulty, 1 to 255; 1 by default: everything that is not 0, as published. */
  readonly maskThreshold?: number | undefined;
  /** How masks are resized; nearest by default, as AA-CLIP's published program does. */
  readonly maskResize?: MaskResize | undefined;
}

/** The nearest pixel decides; or the mask is resized bilinearly, and more than half of a pixel has to be faulty. */
export type MaskResize = 'nearest' | 'bilinear';

/** A picture file that cannot be used; the message is one line: file, what is wrong, remedy. */
export class PictureError extends Error {
  override readonly name = 'PictureError';
  readonly file: string;

  constructor(file: string, problem: string, remedy?: string) {
    super(`${printable(file)}: ${problem}${remedy ? `; ${remedy}` : ''}`.replace(/\s*\n\s*/g, ' '));
    this.file = file;
  }
}

/** Largest picture accepted unless the caller says otherwise, in pixels: 300 MB as RGB bytes. */
export const MAX_PIXELS = 100_000_000;

/**
 * Memory for an RGB picture, all black.
 * @throws PictureError when there is not so much
 */
export function newPixels(name: string, width: number, height: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(3 * width * height);
  } catch {
    throw new PictureError(name, `no memory for ${width}x${height} pixels`, 'shrink the picture');
  }
}

/**
 * Refuses empty and oversized pictures from their header alone, before any pixel memory is taken.
 * @param limit largest number of pixels accepted
 * @throws PictureError
 */
export function checkPictureSize(name: string, width: number, height: number, limit: number = MAX_PIXELS): void {
  if (!(width > 0 && height > 0)) {
    throw new PictureError(name, `empty picture: expected at least 1x1 pixels, got ${width}x${height}`);
  }
  if (width * height > limit) {
    const megapixels = (n: number) => `${(n / 1e6).toFixed(n < 1e6 ? 3 : 0)} megapixels`;
    throw new PictureError(
      name,
      `picture too large: expected at most ${megapixels(limit)}, got ${width}x${height} (${megapixels(width * height)})`,
      'shrink the picture (--max_pixels raises the limit; in the library, maxPixels)',
    );
  }
}
