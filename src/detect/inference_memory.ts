/**
 * The device memory that a model takes: the program's own code, with weights, pictures and device of which only the sizes
 * count, so that the numbers cannot differ from what it will do.
 */
import type { Gpu } from '../gpu/gpu.js';
import { clipShapes, shapesOnly } from '../io/shapes_only.js';
import { AnomalyModel, type AnomalyModelOptions, DEFAULT_IMAGE_SIZE } from './anomaly_model.js';
import { scorePictures } from './picture_batch.js';

/** In bytes. */
export interface InferenceMemory {
  /** Image tower, adapters and anchors: what stays between pictures. */
  readonly weights: number;
  /** The buffers alive at the worst moment, while weights are loaded or pictures are scored. */
  readonly peak: number;
}

/** Decoded pictures pass through the device; larger ones take a little more. */
export interface PictureSides {
  readonly width: number;
  readonly height: number;
}

/** The sides that a plan assumes. */
export const USUAL_PICTURE: PictureSides = { width: 1024, height: 1024 };

/**
 * Counts the memory of a model that scores `batch` pictures at a time; takes a tenth of a second for ViT-L, and no weights
 * are read. Weights that the file stores as f32 count with four bytes, although those that are exact in f16 take two.
 * @param picture sides of the pictures before they are resized
 * @throws when the adapter's limits do not allow such a batch: one line that says how to go on
 */
export async function inferenceMemory(
  device: Gpu,
  { clip, adapters, ...options }: AnomalyModelOptions,
  batch: number,
  { width, height }: PictureSides = USUAL_PICTURE,
): Promise<InferenceMemory> {
  using gpu = device.counting();
  const dtype = options.precision === 'f16' ? 'F16' : undefined;
  const size = options.imageSize ?? DEFAULT_IMAGE_SIZE;
  using model = await AnomalyModel.load(gpu, {
    ...options,
    clip: clipShapes(clip, dtype),
    adapters: adapters && {
      method: adapters.method,
      text: adapters.text && shapesOnly(adapters.text, { dtype }),
      image: adapters.image && shapesOnly(adapters.image, { dtype }),
    },
    precision: 'f32',
    onProgress: undefined,
  });
  const weights = gpu.pool.allocated - gpu.pool.idle;
  const [name] = options.classes.map((c) => c.name);
  if (name !== undefined) {
    const picture = { width, height, data: new Uint8Array(3 * width * height) };
    try {
      await scorePictures(model, Array<typeof picture>(batch).fill(picture), name);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new Error(`${batch} ${batch === 1 ? 'picture' : 'pictures'} of ${size} px at a time: ${why}`);
    }
  }
  return { weights, peak: gpu.pool.peak };
}
