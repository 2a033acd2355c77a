/** How grey samples of more than 8 bits become bytes. */

/**
 * - `clip`: values over 255 become 255 and fractions are cut off, as in Pillow's `convert('RGB')` and so in the published
 *   program
 * - `scale`: the picture's own range becomes 0 to 255: that of 8, 10, 12, 14 or 16 bits, whichever holds its largest value;
 *   0 to 1 for fractions; smallest to largest value for anything else
 * - a number of bits: 0 to 2^bits - 1 becomes 0 to 255 in every picture alike
 */
export type DepthRule = 'clip' | 'scale' | number;

/** Bits that cameras and scanners use. */
const DEPTHS = [8, 10, 12, 14, 16];

type Samples = Uint16Array | Float32Array;

/** Smallest and largest finite value. */
function rangeOf(samples: Samples): [number, number] {
  let lo = Number.POSITIVE_INFINITY;
  let hi = Number.NEGATIVE_INFINITY;
  for (const v of samples) {
    if (!Number.isFinite(v)) continue;
    if (v < lo) lo = v;
    if (v > hi) hi = v;
  }
  return lo <= hi ? [lo, hi] : [0, 0];
}

/** The values that become 0 and 255. */
function limits(samples: Samples, rule: DepthRule, fractions: boolean): [number, number] {
  if (rule === 'clip') return [0, 255];
  if (rule !== 'scale') return [0, 2 ** rule - 1];
  const [lo, hi] = rangeOf(samples);
  if (fractions && lo >= 0 && hi <= 1) return [0, 1];
  const bits = DEPTHS.find((b) => hi < 2 ** b);
  if (lo < 0 || bits === undefined) return hi > lo ? [lo, hi] : [lo, lo + 1];
  return [0, 2 ** bits - 1];
}

/**
 * RGB bytes of grey samples, three equal ones for each; values that are not numbers become 0.
 * @param samples one value a pixel
 * @param fractions whether the file stores floating-point numbers
 */
export function greyBytes(samples: Samples, rule: DepthRule, fractions: boolean): Uint8Array {
  const out = new Uint8Array(3 * samples.length);
  const [lo, hi] = limits(samples, rule, fractions);
  const factor = 255 / (hi - lo);
  // Scaled values are rounded, clipped ones are cut off as Pillow does.
  const half = rule === 'clip' ? 0 : 0.5;
  for (let i = 0; i < samples.length; i++) {
    const v = (samples[i]! - lo) * factor + half;
    out.fill(v > 0 ? Math.min(255, v) : 0, 3 * i, 3 * i + 3);
  }
  return out;
}
