/** Masks in other sizes. */

/** A mask in bytes. */
export interface MaskPixels {
  readonly width: number;
  readonly height: number;
  /** Not 0 where the picture is faulty. [height, width] */
  readonly data: Uint8Array;
}

/** A mask at another size, each pixel the nearest one's. */
export function resizedMask(mask: MaskPixels, width: number, height: number): MaskPixels {
  if (mask.width === width && mask.height === height) return mask;
  const data = new Uint8Array(width * height);
  const columns = Int32Array.from({ length: width }, (_, x) => Math.floor(((x + 0.5) * mask.width) / width));
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * mask.height) / height) * mask.width;
    for (let x = 0; x < width; x++) data[y * width + x] = mask.data[row + columns[x]!]!;
  }
  return { width, height, data };
}
