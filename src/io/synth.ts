/**
 * Synthetic tensors: every value is a function of a seed, the tensor's name and the element's index, so a whole model can be
 * compared with a reference without a download.
 */

/** Wellons' lowbias32: a bijective 32-bit mix. */
function lowbias32(x: number): number {
  let h = x;
  h = Math.imul(h ^ (h >>> 16), 0x7feb352d);
  h = Math.imul(h ^ (h >>> 15), 0x846ca68b);
  return h ^ (h >>> 16);
}

/** 32-bit FNV-1a of the name's UTF-8 bytes. */
function fnv1a(name: string): number {
  let h = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(name)) h = Math.imul(h ^ byte, 0x01000193);
  return h;
}

/**
 * Uniform values of the given mean and standard deviation; `shape` [] is a single value.
 *
 * key = lowbias32(seed xor fnv1a32(name)); h_i = lowbias32(i xor key);
 * value_i = mean + std * sqrt(3) * (h_i / 2^31 - 1), in float64, rounded once to float32.
 */
export function synth(seed: number, name: string, shape: readonly number[], std: number, mean = 0): Float32Array {
  const out = new Float32Array(shape.reduce((a, b) => a * b, 1));
  const key = lowbias32(seed ^ fnv1a(name));
  // h / 2^31 - 1 is exactly (h - 2^31) / 2^31; h - 2^31 is h with its top bit flipped, read as a signed number; and a
  // factor of 2^-31 does not round. So this equals the formula above to the last bit.
  const scale = std * Math.sqrt(3) * 2 ** -31;
  for (let i = 0; i < out.length; i++) out[i] = mean + scale * (lowbias32(i ^ key) ^ 0x80000000);
  return out;
}
