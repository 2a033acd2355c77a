/**
 * The parts of a browser that the web host uses, declared here: with the compiler's own DOM types, any file of the
 * project could use `document` by mistake.
 */

export interface Bitmap {
  readonly width: number;
  readonly height: number;
  close(): void;
}

interface Canvas2D {
  drawImage(image: Bitmap, x: number, y: number): void;
  getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray };
}

interface Canvas {
  getContext(kind: '2d', options: { readonly willReadFrequently: boolean }): Canvas2D | null;
}

interface Browser {
  readonly navigator?: { readonly gpu?: GPU };
  createImageBitmap(
    picture: Blob,
    options: { readonly colorSpaceConversion: 'none'; readonly premultiplyAlpha: 'none' },
  ): Promise<Bitmap>;
  readonly OffscreenCanvas: new (width: number, height: number) => Canvas;
}

/** The globals of the page or worker. */
export const browser = globalThis as unknown as Browser;
