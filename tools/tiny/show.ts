/** Drawn pictures as the model's input. */
import { type Gpu, preparePictures, type Tensor } from '#src/node/node';

export interface SquarePicture {
  /** Bytes [side, side, 3]. */
  readonly rgb: Uint8Array;
  readonly side: number;
}

/** Square pictures, resized and normalised as CLIP takes them: [B, 3, size, size]. */
export function toImages(gpu: Gpu, pictures: readonly SquarePicture[], size: number): Tensor {
  const sources = pictures.map(({ rgb, side }) => ({ width: side, height: side, data: rgb }));
  return preparePictures(gpu, sources, size);
}
