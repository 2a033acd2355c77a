/** Cut-outs of square pictures. */

/**
 * Pixels of a square window, its contrast and brightness changed.
 * @param {Uint8Array} rgb bytes [size, size, 3]
 * @param {{ size: number, left: number, top: number, side: number, gain: number, offset: number }} window
 */
export function crop(rgb, { size, left, top, side, gain, offset }) {
  const levels = Uint8Array.from({ length: 256 }, (_, v) =>
    Math.max(0, Math.min(255, 128 + offset + gain * (v - 128))),
  );
  const out = new Uint8Array(3 * side * side);
  for (let y = 0; y < side; y++) {
    const from = 3 * ((top + y) * size + left);
    for (let i = 0; i < 3 * side; i++) out[3 * y * side + i] = levels[/** @type {number} */ (rgb[from + i])] ?? 0;
  }
  return out;
}

/**
 * A window, placed by chance, that shows at least half of what the mask marks; the whole picture where none is found.
 * @param {Uint8Array | undefined} mask
 * @param {number} size
 * @param {number} least smallest side
 * @param {() => number} uniform
 */
export function place(mask, size, least, uniform) {
  const side = least + Math.floor(uniform() * (size - least + 1));
  const total = mask ? mask.reduce((a, b) => a + b, 0) : 0;
  for (let tries = 0; tries < 12; tries++) {
    const left = Math.floor(uniform() * (size - side + 1));
    const top = Math.floor(uniform() * (size - side + 1));
    if (!mask) return { left, top, side };
    let seen = 0;
    for (let y = top; y < top + side; y++) {
      for (let x = left; x < left + side; x++) seen += mask[y * size + x] ?? 0;
    }
    if (2 * seen >= total) return { left, top, side };
  }
  return { left: 0, top: 0, side: size };
}
