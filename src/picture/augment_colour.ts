/**
 * Brightness, contrast and saturation of 8-bit RGB pictures, byte for byte as Pillow's `ImageEnhance` changes them, which
 * is what torchvision calls: each step mixes the picture with black, with its mean grey or with its own greys.
 *
 * Rounding to 8 bits has no useful gradient, so this is not an `Op`: the tape never sees it.
 */
import { show } from '../tensor/shape.js';
import { empty, type Tensor, tidy, upload } from '../tensor/tensor.js';

/** Factors, 1 for no change; a missing step is left out. They act in this order. */
export interface ColourJitter {
  readonly brightness?: number | undefined;
  readonly contrast?: number | undefined;
  readonly saturation?: number | undefined;
}

const STEPS = ['brightness', 'contrast', 'saturation'] as const;
/** Differences of two bytes. */
const DIFFERENCES = 511;
/** Partial sums of the mean: enough to keep any device busy, few enough for one invocation to add up. */
const STRIPS = 4096;
const MOST_PIXELS = 2 ** 27;

/** factor * d for d of -255 to 255 and each step, as Pillow has it: the factor in float32, the product rounded to it. */
function products(jitter: ColourJitter): Float32Array {
  const table = new Float32Array(STEPS.length * DIFFERENCES);
  STEPS.forEach((step, s) => {
    const factor = jitter[step] ?? 1;
    if (!(Number.isFinite(factor) && factor >= 0)) {
      throw new Error(`augment_colour: ${step}: expected a factor of 0 or more, got ${factor}`);
    }
    const single = Math.fround(factor);
    for (let d = -255; d <= 255; d++) table[s * DIFFERENCES + d + 255] = single * d;
  });
  return table;
}

/**
 * Changes the colours of a picture.
 * @param x packed, the bytes r, g, b, r, ... of `pixels` pixels, four to a word (`uploadPixels`)
 * @returns the changed picture, packed the same way
 * @throws when the size does not fit or a factor is negative or not a number
 */
export function augmentColour(x: Tensor, pixels: number, jitter: ColourJitter): Tensor {
  const words = Math.ceil((3 * pixels) / 4);
  if (x.dtype !== 'packed' || x.size !== words || !Number.isInteger(pixels) || pixels < 1) {
    throw new Error(
      `augment_colour: expected ${words} packed words for ${pixels} pixels, got ${x.dtype} ${show(x.shape)}`,
    );
  }
  if (pixels > MOST_PIXELS) {
    throw new Error(`augment_colour: picture too large: expected at most ${MOST_PIXELS} pixels, got ${pixels}`);
  }
  const { gpu } = x;
  return tidy(() => {
    const table = upload(gpu, products(jitter), [STEPS.length * DIFFERENCES]);
    const useMean = jitter.contrast !== undefined;
    const y = empty(gpu, x.shape, 'packed');
    gpu.dispatch({
      kernel: 'augment_colour',
      params: { pixels, words, use_mean: Number(useMean) },
      buffers: { x, products: table, mean: useMean ? meanGrey(x, pixels, table) : x, y },
      threads: Math.ceil(pixels / 4),
      traffic: 8 * words,
    });
    return y;
  });
}

/** The mean grey of the picture with its brightness changed, [1], rounded as Pillow rounds it. */
function meanGrey(x: Tensor, pixels: number, table: Tensor): Tensor {
  const { gpu } = x;
  const strips = Math.min(STRIPS, Math.ceil(pixels / 4));
  const params = { pixels, words: x.size, strips };
  const sums = empty(gpu, [strips], 'u32');
  const mean = empty(gpu, [1], 'u32');
  gpu.dispatch({
    kernel: 'augment_colour_mean',
    params,
    buffers: { x, products: table, y: sums },
    threads: strips,
    traffic: x.bytes,
  });
  gpu.dispatch({
    kernel: 'augment_colour_mean',
    knobs: { TOTAL: true },
    params,
    buffers: { x: sums, products: table, y: mean },
    threads: 1,
    traffic: sums.bytes,
  });
  return mean;
}
