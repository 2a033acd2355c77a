/** From decoded pictures to the tensors of a step: jitter, resizing, normalisation, and the same geometry for the mask. */

import type { Gpu } from '../gpu/gpu.js';
import { concat, stack } from '../ops/concat.js';
import { gather } from '../ops/gather.js';
import { reshape } from '../ops/reshape.js';
import { slice } from '../ops/slice.js';
import { augmentColour, type ColourJitter } from '../picture/augment_colour.js';
import { augmentGeometry, type Geometry } from '../picture/augment_geometry.js';
import type { Picture } from '../picture/picture.js';
import { uploadPixels } from '../picture/pixels.js';
import { checkFits, preparePicture } from '../picture/resize_picture.js';
import { type Tensor, tidy, upload } from '../tensor/tensor.js';

export interface TrainSample {
  readonly picture: Picture;
  /** 0 or 1 per pixel, at the size of training, [S, S]. */
  readonly mask: Uint8Array;
  readonly label: 0 | 1;
  readonly className: string;
}

/** The augmentation of one sample. */
export interface SampleAugmentation {
  readonly colour?: ColourJitter | undefined;
  readonly geometry: Geometry;
}

export interface PreparedBatch {
  /** [B, 3, S, S] */
  readonly images: Tensor;
  /** [B, 1, S, S] of 0 and 1. */
  readonly masks: Tensor;
}

/** Prepares a batch on the device. */
export function prepareBatch(
  gpu: Gpu,
  samples: readonly TrainSample[],
  size: number,
  augmentation: readonly SampleAugmentation[],
): PreparedBatch {
  return tidy(() => {
    const joined = samples.map((sample, i) => {
      const { data, width, height } = sample.picture;
      checkFits(gpu, sample.picture, size);
      const colour = augmentation[i]?.colour;
      const pixels = colour ? augmentColour(uploadPixels(gpu, data), width * height, colour) : data;
      const image = preparePicture(gpu, { width, height, data: pixels }, size);
      return concat([image, upload(gpu, Float32Array.from(sample.mask), [1, size, size])], 0); // [4, S, S]
    });
    const all = augmentGeometry(
      stack(joined),
      samples.map((_, i) => augmentation[i]!.geometry),
    ); // [B, 4, S, S]
    return { images: slice(all, 1, 0, 3), masks: slice(all, 1, 3, 1) };
  });
}

/** Anchors of every picture's class, [B, E, 2]; `anchors` is [C, E, 2]. */
export function anchorsOf(anchors: Tensor, owner: Uint32Array): Tensor {
  const [c, e] = anchors.shape as [number, number];
  return tidy(() => reshape(gather(reshape(anchors, [c, 2 * e]), owner), [owner.length, e, 2]));
}
