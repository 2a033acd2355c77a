/** CLIP's normalisation in plain loops, with its statistics written out again, to compare the device with. */

/** Mean of R, G, B over CLIP's training pictures, on a scale of 0 to 1. */
export const CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073] as const;
/** Standard deviation of R, G, B, on the same scale. */
export const CLIP_STD = [0.26862954, 0.26130258, 0.27577711] as const;

/** RGB bytes [height, width, 3] as float32 planes [3, height, width], rounded at every step as torchvision does. */
export function normalizePixels(rgb: Uint8Array, width: number, height: number): Float32Array {
  const f = Math.fround;
  const plane = width * height;
  return Float32Array.from({ length: 3 * plane }, (_, i) => {
    const c = Math.floor(i / plane);
    return f(f(f(rgb[(i % plane) * 3 + c]! / 255) - f(CLIP_MEAN[c]!)) / f(CLIP_STD[c]!));
  });
}
