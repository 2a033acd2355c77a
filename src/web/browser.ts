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

/** A file of the origin's private file system, open for writing; only workers have these. */
interface OpenFile {
  write(bytes: Uint8Array, options: { readonly at: number }): number;
  flush(): void;
  close(): void;
}

export interface StoredFile {
  readonly kind: 'file' | 'directory';
  readonly name: string;
  getFile(): Promise<Blob>;
  createSyncAccessHandle(): Promise<OpenFile>;
  move(name: string): Promise<void>;
}

/** A folder of the origin's private file system. */
export interface StoredFolder {
  getDirectoryHandle(name: string, options: { readonly create: boolean }): Promise<StoredFolder>;
  getFileHandle(name: string, options?: { readonly create: boolean }): Promise<StoredFile>;
  removeEntry(name: string): Promise<void>;
  values(): AsyncIterable<StoredFile>;
}

interface Browser {
  readonly navigator?: {
    readonly gpu?: GPU;
    readonly storage?: { getDirectory?(): Promise<StoredFolder> };
  };
  createImageBitmap(
    picture: Blob,
    options: { readonly colorSpaceConversion: 'none'; readonly premultiplyAlpha: 'none' },
  ): Promise<Bitmap>;
  readonly OffscreenCanvas: new (width: number, height: number) => Canvas;
}

/** The globals of the page or worker. */
export const browser = globalThis as unknown as Browser;
