/** Cut-outs of square pictures. */

/**
 * Where each pixel of a turned square comes from: one of its eight symmetries.
 * @param {number} side @param {number} turn 0 to 7
 */
function symmetry(side, turn) {
  return (/** @type {number} */ x, /** @type {number} */ y) => {
    const [u, v] = turn & 4 ? [y, x] : [x, y];
    return [turn & 1 ? side - 1 - u : u, turn & 2 ? side - 1 - v : v];
  };
}

/**
 * Pixels of a square window, its contrast and brightness changed, turned.
 * @param {Uint8Array} rgb bytes [size, size, 3]
 * @param {{ size: number, left: number, top: number, side: number, turn: number, gain: number, offset: number }} window
 */
export function crop(rgb, { size, left, top, side, turn, gain, offset }) {
  const levels = Uint8Array.from({ length: 256 }, (_, v) =>
    Math.max(0, Math.min(255, 128 + offset + gain * (v - 128))),
  );
  const out = new Uint8Array(3 * side * side);
  const source = symmetry(side, turn);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const [u = 0, v = 0] = source(x, y);
      const from = 3 * ((top + v) * size + left + u);
      for (let c = 0; c < 3; c++) out[3 * (y * side + x) + c] = levels[rgb[from + c] ?? 0] ?? 0;
    }
  }
  return out;
}

/**
 * The mask of the same window at another size, nearest pixel.
 * @param {Uint8Array | undefined} mask [size, size]; undefined for none marked
 * @param {{ size: number, left: number, top: number, side: number, turn: number }} window
 * @param {number} to
 * @returns {Float32Array} [to, to] of 0 and 1
 */
export function cropMask(mask, { size, left, top, side, turn }, to) {
  const out = new Float32Array(to * to);
  if (!mask) return out;
  const source = symmetry(side, turn);
  for (let y = 0; y < to; y++) {
    for (let x = 0; x < to; x++) {
      const [u = 0, v = 0] = source(Math.floor(((x + 0.5) * side) / to), Math.floor(((y + 0.5) * side) / to));
      out[y * to + x] = mask[(top + v) * size + left + u] ?? 0;
    }
  }
  return out;
}

/**
 * A window, placed by chance, that shows at least half of what the mask marks; the whole picture where none is found.
 * @param {Uint8Array | undefined} mask
 * @param {number} size
 * @param {number} least smallest side
 * @param {() => number} uniform
 * @param {number} most largest side
 */
export function place(mask, size, least, uniform, most = size) {
  const side = least + Math.floor(uniform() * (most - least + 1));
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
